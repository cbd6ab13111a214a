"""The figures' colours: one meaning each, the same in the page, in widgets and in pictures."""

VANISH = "#1d5fa8"
EXPLODE = "#b8430b"
VANISH_GROUND = "#e8f0fb"
EXPLODE_GROUND = "#fdf0e6"
INK = "#1c2733"
QUIET = "#5b6878"
RULE = "#dbe2ea"
PAPER = "#ffffff"

#: The colour in a picture → the variable of explorables.css that takes its place in the page.
THEMED = {
    VANISH: "--explorable-vanish",
    EXPLODE: "--explorable-explode",
    VANISH_GROUND: "--explorable-vanish-ground",
    EXPLODE_GROUND: "--explorable-explode-ground",
    INK: "--explorable-ink",
    QUIET: "--explorable-quiet",
    RULE: "--explorable-rule",
    PAPER: "--explorable-paper",
}
