"""The book's mathematical font: which characters a formula draws, and a font file with just those.

The committed ``course.woff2`` holds what a course on recurrent networks may need; each build cuts
it down to what its formulas do use. To renew it, take STIXTwoMath-Regular.ttf 2.11 (its licence is
the OFL; the wheel of ziamath 0.13 has it) and run

    python book/_extensions/math_font.py STIXTwoMath-Regular.ttf
"""

import re
import sys
import unicodedata
from html import unescape
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

COURSE_FONT = Path(__file__).parent.parent / "_static" / "fonts" / "course.woff2"

# Letters in every style a formula can ask for, then signs by kind.
COURSE_SET = {
    chr(code)
    for first, last in [
        (0x20, 0x7E),  # ASCII
        (0x391, 0x3C9),  # Greek
        (0x1D400, 0x1D49B),  # bold, italic, bold italic Latin
        (0x1D49C, 0x1D4B5),  # script capitals
        (0x1D538, 0x1D550),  # double-struck capitals
        (0x1D5A0, 0x1D5D3),  # sans-serif Latin
        (0x1D6A4, 0x1D755),  # dotless, bold, italic, bold italic Greek
        (0x1D7CE, 0x1D7D9),  # bold digits, double-struck 0 and 1
    ]
    for code in range(first, last + 1)
    if unicodedata.category(chr(code)) != "Cn"
} | set(
    "ℎℂℍℕℙℚℝℤℬℰℱℋℐℒℳℛℓℜℑ℘ℵ∂∇ϵϑϰϕϱϖ∞∅ħı"
    "±∓×÷·⋅∗∘∙⊕⊖⊗⊙⊘⊤⊥∧∨∩∪∖†‡⋆−/∕"
    "=≠≡≢≈≃≅∼≁∝≤≥≪≫≲≳≺≻⪯⪰≔≜≝∈∉∋⊂⊃⊆⊇∣∤∥∀∃∄¬⊢⊨∠△□◇∎"
    "←→↑↓↔↕⇐⇒⇑⇓⇔↦↪⟵⟶⟷⟸⟹⟺⟼↗↘⇌"
    "∑∏∐∫∬∭∮⋂⋃⋀⋁⨀⨁⨂√"
    "|‖()[]{}⟨⟩⌊⌋⌈⌉⟦⟧⏞⏟⎴⎵⏜⏝"
    "…⋯⋮⋱′″‴–—‘’“”"
    "ˆ˜¯ˇ˘˙¨´`^~‾_\u0302\u0303\u0304\u0305\u0306\u0307\u0308\u030c\u0332\u20d7"
)

# Browsers do not give primes their script form (the font's `ssty` feature): point straight at it.
SCRIPT_PRIMES = {0x2032: "minute.ssty", 0x2033: "second.ssty", 0x2034: "uni2034.ssty"}

_ITALIC = {chr(0x61 + i): chr(0x1D44E + i) for i in range(26)}
_ITALIC |= {chr(0x41 + i): chr(0x1D434 + i) for i in range(26)}
_ITALIC |= {chr(0x391 + i): chr(0x1D6E2 + i) for i in range(25)}
_ITALIC |= {chr(0x3B1 + i): chr(0x1D6FC + i) for i in range(25)}
_ITALIC |= dict(zip("∂ϵϑϰϕϱϖ∇", "𝜕𝜖𝜗𝜘𝜙𝜚𝜛𝛻", strict=True)) | {"h": "ℎ", "ı": "𝚤", "ȷ": "𝚥"}

_ANNOTATION = re.compile(r"<annotation.*?</annotation>", re.DOTALL)
_LONE_LETTER = re.compile(r"<mi(?![^>]*mathvariant)[^>]*>([^<])</mi>")
_TAG = re.compile(r"<[^>]*>")


def drawn_characters(mathml: str) -> set[str]:
    """The characters a browser looks up in the font for this MathML (not always those written)."""
    shown = _ANNOTATION.sub("", mathml)
    # A lone letter is drawn by its italic twin; a root sign is drawn though it is never written.
    letters = {_ITALIC.get(letter, letter) for letter in _LONE_LETTER.findall(shown)}
    signs = set(unescape(_TAG.sub("", _LONE_LETTER.sub("", shown))))
    roots = {"√"} if "<msqrt" in shown or "<mroot" in shown else set()
    blank = ("Cc", "Cf", "Zs")
    return {sign for sign in letters | signs | roots if unicodedata.category(sign) not in blank}


def font_characters(font: Path = COURSE_FONT) -> set[str]:
    with TTFont(font) as opened:
        return {chr(code) for code in opened.getBestCmap()}


def cut(source: Path, target: Path, characters: set[str]) -> None:
    """Write `source` as woff2 with these characters only, each with its larger forms."""
    font = TTFont(source)
    known = font.getReverseGlyphMap()
    for table in font["cmap"].tables:
        table.cmap |= {code: name for code, name in SCRIPT_PRIMES.items() if name in known}
    options = Options(layout_features=[], bidi_closure=False, hinting=False, drop_tables=["DSIG"])
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=[ord(character) for character in characters])
    subsetter.subset(font)
    font.flavor = "woff2"
    font.save(target)
    font.close()


if __name__ == "__main__":
    cut(Path(sys.argv[1]), COURSE_FONT, COURSE_SET)
    kilobytes = COURSE_FONT.stat().st_size / 1000
    print(f"{COURSE_FONT}: {len(font_characters())} characters, {kilobytes:.0f} kB")
