"""What random models and scripts speak of: few words, so that they meet often."""

from __future__ import annotations

START = "Go"
MESSAGES = ("A", "B", "C", "D", "E")
CONDITIONS = (
    "${a}", "${b}", "${not a}", "${!b}", "${a && b}", "${a or b}", "${n > 2}", "${n <= 1}", "${n == 2}",
    "${n != 0 && b}", "${s == 'x'}", "${s != 'y'}", "${empty s}", "${n + 1 == 3}", "${a ? b : n > 0}",
    "${s == null}",
)  # fmt: skip
DURATIONS = ("PT5S", "PT7S", "PT11S", "PT13S", "PT17S", "PT23S", "PT31S", "${d}")
CYCLES = ("R2/PT9S", "R/PT19S", "R3/PT6S", "R1/PT14S", "R2/2030-01-01T00:00:15Z/PT8S")
DATES = ("2030-01-01T00:00:21Z", "2030-01-01T00:00:38Z", "2029-12-31T00:00:00Z")
CODES = ("X1", "X2")
SIGNALS = ("Y1", "Y2")
