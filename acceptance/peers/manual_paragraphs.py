"""Paragraphs of translated manuals with the language that each is in, as lines of JSON.

    apt-get download manpages-de manpages-fr ... manpages manpages-dev coreutils util-linux ...
    for p in *.deb; do dpkg-deb -x $p manuals/$p; done
    python3 acceptance/peers/manual_paragraphs.py manuals > manuals.jsonl

Translated manuals hold much that nobody translated. What is in which language is told without
looking at letters: a paragraph that stands word by word in the manuals of two languages or more, or
in an English manual of another package that lies there, was left in English, and so was one without
any letter of its language's script; the others are taken for translated. Paragraphs below 40 letters, and those with
more marks than words (synopses, tables), are left out.
"""

import collections
import gzip
import json
import pathlib
import re
import sys
import unicodedata

ESCAPES = re.compile(r"\\f[A-Z]|\\f\([A-Z]{2}|\\f\[[A-Z]*\]|\\s[-+]?\d|\\[,/&|^:%]|\\c")
NAMED = {"\\-": "-", "\\(aq": "'", "\\(dq": '"', "\\e": "\\", "\\ ": " ", "\\~": " ", "\\(co": "(c)",
         "\\(bu": "", "\\(em": "-", "\\(en": "-", "\\(lq": '"', "\\(rq": '"', "\\(oq": "'", "\\(cq": "'"}
SCRIPTS = {"ru": "CYRILLIC", "uk": "CYRILLIC", "sr": "CYRILLIC", "el": "GREEK", "ja": "CJK HIRAGANA KATAKANA",
           "zh": "CJK", "ko": "HANGUL"}
TEXT_MACROS = {".B", ".I", ".BR", ".IR", ".BI", ".IB", ".RB", ".RI", ".SM", ".SB"}


def paragraphs(lines):
    words, verbatim, tag = [], False, False
    for line in lines:
        if line.startswith((".nf", ".EX")):
            verbatim = True
        if line.startswith((".fi", ".EE")):
            verbatim = False
        macro = line.split(" ", 1)[0].strip()
        if tag and not macro.startswith(".\\\""):
            tag = False  # an option's name, which translators treat by itself
            continue
        if macro in {".TP", ".TQ"}:
            if words:
                yield " ".join(words)
            words, tag = [], True
        elif macro in TEXT_MACROS and not verbatim:
            rest = line[len(macro):].strip()
            words.append(rest.replace('" "', "").replace('"', ""))
        elif line.startswith((".", "'")) or verbatim or not line.strip():
            if words:
                yield " ".join(words)
            words = []
        else:
            words.append(line.strip())
    if words:
        yield " ".join(words)


def plain(text):
    for name, value in NAMED.items():
        text = text.replace(name, value)
    return re.sub(r"\s+", " ", ESCAPES.sub("", text)).strip()


def is_prose(text):
    letters = sum(c.isalpha() for c in text)
    return letters >= 40 and letters > 0.6 * len(text.replace(" ", "")) and "\\" not in text


def has_script(text, language):
    scripts = SCRIPTS.get(language, "").split()
    return not scripts or any(unicodedata.name(c, "-").split()[0] in scripts for c in text)


def main(root):
    found, english = collections.defaultdict(set), set()
    for file in sorted(pathlib.Path(root).glob("**/man?/*.gz")):
        language = file.parts[-3].split("_")[0].split(".")[0]
        if file.is_symlink():
            continue
        try:
            lines = gzip.open(file, "rt", encoding="utf-8").read().split("\n")
        except (UnicodeDecodeError, OSError):
            continue
        for text in map(plain, paragraphs(lines)):
            if is_prose(text):
                (english if language == "man" else found[language]).add(text)
    languages_of = collections.Counter(text for texts in found.values() for text in texts)
    for language in sorted(found):
        for text in sorted(found[language]):
            own = languages_of[text] == 1 and text not in english and has_script(text, language)
            actual = language if own else "en"
            print(json.dumps({"text": text, "source": language, "language": actual}, ensure_ascii=False))


if __name__ == "__main__":
    main(sys.argv[1])
