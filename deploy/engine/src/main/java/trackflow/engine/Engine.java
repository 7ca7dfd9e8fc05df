package trackflow.engine;

import jakarta.servlet.Filter;
import java.net.InetAddress;
import java.net.UnknownHostException;
import org.springframework.beans.BeanUtils;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Profile;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.Profiles;

/**
 * A BPMN engine with REST API and Cockpit, safe as it starts: it listens on the loopback address only, and has no
 * user that everybody knows. With ENGINE_USER and ENGINE_PASSWORD the REST API asks for them (HTTP Basic).
 *
 * <p>Nothing here names an engine family, so the same class serves Operaton and Camunda 7.
 */
@SpringBootApplication
public class Engine {

    private static final String AUTHENTICATED = "authenticated"; // a section of application.yaml

    public static void main(String[] arguments) {
        var application = new SpringApplication(Engine.class);
        if (given("ENGINE_USER") && given("ENGINE_PASSWORD")) {
            application.setAdditionalProfiles(AUTHENTICATED);
        }
        application.addInitializers(context -> refuseIfUnsafe(context.getEnvironment()));
        application.run(arguments);
    }

    /** HTTP Basic authentication; the filter is the engine's own, under each family's own package name. */
    @Bean
    @Profile(AUTHENTICATED)
    FilterRegistrationBean<Filter> basicAuthentication(@Value("${engine.authentication}") String names)
            throws ClassNotFoundException {
        var filter = Class.forName(names + ".ProcessEngineAuthenticationFilter").asSubclass(Filter.class);
        var registration = new FilterRegistrationBean<Filter>(BeanUtils.instantiateClass(filter));
        registration.addInitParameter("authentication-provider", names + ".impl.HttpBasicAuthenticationProvider");
        registration.addUrlPatterns("/engine-rest/*");
        registration.setAsyncSupported(true); // long polling of external tasks
        return registration;
    }

    private static void refuseIfUnsafe(ConfigurableEnvironment environment) {
        if (given("ENGINE_USER") != given("ENGINE_PASSWORD")) {
            refuse("set both ENGINE_USER and ENGINE_PASSWORD, or neither");
        }
        if (given("ENGINE_USER") && !System.getenv("ENGINE_USER").matches("[A-Za-z0-9]+")) {
            refuse("ENGINE_USER should be letters and digits only: the engine accepts no others");
        }
        var address = environment.getProperty("server.address", "");
        if (!environment.acceptsProfiles(Profiles.of(AUTHENTICATED)) && !isLoopback(address)) {
            refuse("SERVER_ADDRESS='" + address + "' is open to others: set ENGINE_USER and ENGINE_PASSWORD too");
        }
    }

    private static boolean isLoopback(String address) {
        try {
            return !address.isBlank() && InetAddress.getByName(address).isLoopbackAddress(); // blank means all
        } catch (UnknownHostException e) {
            return false;
        }
    }

    private static boolean given(String variable) {
        return !System.getenv().getOrDefault(variable, "").isBlank();
    }

    private static void refuse(String why) {
        System.err.println("engine: " + why);
        System.exit(1);
    }
}
