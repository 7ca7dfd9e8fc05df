import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import jakarta.el.ELContext;
import jakarta.el.PropertyNotFoundException;
import jakarta.el.ValueExpression;
import org.operaton.bpm.engine.delegate.VariableScope;
import org.operaton.bpm.engine.impl.el.JuelExpressionManager;
import org.operaton.bpm.impl.juel.ExpressionFactoryImpl;

/**
 * Evaluates expressions with the engine's own JuelExpressionManager: its parser, resolvers and coercions.
 *
 * A line in: the text, then name and value of each variable. A line out: "value" and the value, and its
 * string form as JUEL puts it into a text; or "read", "unknown" or "evaluate" and an error's message. Words
 * are separated by spaces. A value is n (null), b0 or b1, l and a Long, i and an Integer, d and a Double's
 * bits, s and a String as hex of UTF-16, [ and a count and so many values, { and a count and so many pairs.
 */
public class JuelOracle {
  private static final JuelExpressionManager ENGINE = new JuelExpressionManager();
  private static final ExpressionFactoryImpl FACTORY = new ExpressionFactoryImpl();

  public static void main(String[] arguments) throws Exception {
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.US_ASCII);
    out.println("java " + Runtime.version().feature());
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      out.println(answer(List.of(line.split(" ")).iterator()));
    }
  }

  private static String answer(Iterator<String> words) {
    String text = (String) value(words);
    Map<String, Object> variables = new LinkedHashMap<>();
    while (words.hasNext()) {
      String name = (String) value(words);
      variables.put(name, value(words));
    }
    ValueExpression expression;
    try {
      expression = ENGINE.createValueExpression(text);
    } catch (Exception error) {
      return "read " + words(error.toString());
    }
    try {
      Object result = expression.getValue(context(variables));
      return "value " + words(result) + " " + words(FACTORY.coerceToType(result, String.class));
    } catch (PropertyNotFoundException error) {
      return "unknown " + words(error.toString());
    } catch (Exception error) {
      return "evaluate " + words(error.toString());
    }
  }

  /** As an execution with these variables has it. */
  private static ELContext context(Map<String, Object> variables) {
    return ENGINE.getElContext((VariableScope) Proxy.newProxyInstance(
        JuelOracle.class.getClassLoader(), new Class<?>[] {VariableScope.class},
        (proxy, method, given) -> switch (method.getName()) {
          case "hasVariable" -> variables.containsKey(given[0]);
          case "getVariable" -> variables.get(given[0]);
          default -> throw new UnsupportedOperationException(method.getName());
        }));
  }

  private static Object value(Iterator<String> words) {
    String word = words.next();
    String rest = word.substring(1);
    switch (word.charAt(0)) {
      case 'n': return null;
      case 'b': return rest.equals("1");
      case 'l': return Long.valueOf(rest);
      case 'd': return Double.longBitsToDouble(Long.parseUnsignedLong(rest, 16));
      case 's': return new String(HexFormat.of().parseHex(rest), StandardCharsets.UTF_16BE);
      case '[': {
        List<Object> list = new ArrayList<>();
        for (int left = Integer.parseInt(rest); left > 0; left--) list.add(value(words));
        return list;
      }
      case '{': {
        Map<Object, Object> map = new LinkedHashMap<>();
        for (int left = Integer.parseInt(rest); left > 0; left--) map.put(value(words), value(words));
        return map;
      }
      default: throw new IllegalArgumentException(word);
    }
  }

  private static String words(Object value) {
    if (value == null) return "n";
    if (value instanceof Boolean flag) return flag ? "b1" : "b0";
    if (value instanceof Long number) return "l" + number;
    if (value instanceof Integer number) return "i" + number;
    if (value instanceof Double number) return "d" + Long.toHexString(Double.doubleToRawLongBits(number));
    if (value instanceof String text) return "s" + HexFormat.of().formatHex(text.getBytes(StandardCharsets.UTF_16BE));
    if (value instanceof List<?> list) {
      StringBuilder all = new StringBuilder("[" + list.size());
      for (Object element : list) all.append(' ').append(words(element));
      return all.toString();
    }
    if (value instanceof Map<?, ?> map) {
      StringBuilder all = new StringBuilder("{" + map.size());
      map.forEach((key, element) -> all.append(' ').append(words(key)).append(' ').append(words(element)));
      return all.toString();
    }
    return "?" + value.getClass().getName();
  }
}
