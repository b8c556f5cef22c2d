"""Encodings: found for many languages, never silently wrong, with evidence; what is no character is told."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from headway.intake.encoding import bad_utf8, detect_encoding
from headway.intake.encoding_copy import as_utf8
from tests.unit.intake.reading import read_text

WORDS = {
    "Müller Straße größer Äpfel Jäger schön Düsseldorf Köln": "cp1252 iso8859-15 mac-roman cp850 cp437",
    "Hélène Besançon garçon naïf Orléans été forêt où": "cp1252 iso8859-15 mac-roman cp850",
    "Łukasz Żółta Kraków ćma źródło Gdańsk święta dąb": "cp1250 iso8859-2 cp852",
    "Иванов Москва город Казань улица проспект Ольга дом": "cp1251 koi8-r iso8859-5 cp866 mac-cyrillic",
    "Αθήνα Ερμού τιμή Πάτρα πόλη Γεώργιος": "cp1253 iso8859-7",
    "İstanbul Şişli ağaç güneş ıhlamur çiçek": "cp1254 iso8859-9",
    "ירושלים רחוב מחיר שלום": "cp1255 iso8859-8",
    "القاهرة شارع السعر محمد": "cp1256 iso8859-6",
    "Žemaitė ąžuolas šuo ėda įmonė Vilniaus": "cp1257",
    "山田太郎 東京都千代田区 データ テスト 価格 すし": "cp932 euc_jp iso2022_jp_ext",
    "王小明 北京市海淀区 数据 价格 上海": "gb18030",
    "王小明 臺北市信義區 資料 價格 數量": "big5hkscs",
    "김철수 서울특별시 데이터 가격 부산광역시": "cp949",
}
LINE_COUNTS = (8, 40, 600)


def table(words: list[str], lines: int, every: int) -> str:
    chance = random.Random(lines)
    rows = [f"{n},{chance.choice(words) if n % every == 0 else 'abc'},{n / 7:.3f}" for n in range(lines)]
    return "id,name,v\n" + "\n".join(rows) + "\n"


def test_languages_in_their_encodings_are_read_as_they_were_written(tmp_path: Path) -> None:
    tried, wrong = 0, []
    for words, encodings in WORDS.items():
        for encoding in encodings.split():
            for lines in LINE_COUNTS:
                for every in (1, 4):
                    text = table(words.split(), lines, every)
                    (tmp_path / "text").write_bytes(text.encode(encoding))
                    found = detect_encoding(tmp_path / "text")
                    tried += 1
                    if found.name == "utf-8" or text.encode(encoding).decode(found.name) != text:
                        wrong.append((encoding, lines, every, found.name))
    assert tried > 150
    assert len(wrong) <= 0.03 * tried, f"{tried - len(wrong)} of {tried} right; wrong: {wrong}"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("what,price\ntea,£825\nmilk,£2\n", "cp1252"),
        ("what,who\nbook,Blanchard’s\n", "cp1252"),
        ("what,who\nbook,Blanchard’s\n", "mac-roman"),
        ("name,town\nRené,Rome\n", "cp1252"),
        ("code,n\nК1,4\nЖ22,5\nдом,6\n", "cp1251"),
    ],
)
def test_a_character_or_two_are_read_as_a_person_would(tmp_path: Path, text: str, encoding: str) -> None:
    (tmp_path / "text").write_bytes(text.encode(encoding))
    assert text.encode(encoding).decode(detect_encoding(tmp_path / "text").name) == text


def test_an_encoding_that_reads_every_byte_comes_before_one_that_is_as_likely(tmp_path: Path) -> None:
    text = "שם,תיאור\n" + "".join(f"שלום {n},ירושלים עיר הקודש בית רחוב יפו מספר\n" for n in range(60))
    (tmp_path / "text").write_bytes((text + "x,סֵפֶר\n").encode("cp1255"))
    found = detect_encoding(tmp_path / "text")
    assert found.name == "cp1255"
    assert "no character" not in found.evidence


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("words", ["José Köln", "Иван Москва", "王小明 北京", "𝒜𝒷 😀 fine 🎉🎉"])
def test_wide_characters_with_and_without_a_mark(tmp_path: Path, encoding: str, words: str) -> None:
    text = table(words.split(), 60, 1)
    (tmp_path / "text").write_bytes(text.encode(encoding))
    copy = as_utf8(tmp_path / "text", tmp_path, None)
    assert copy.path.read_bytes()[copy.start :].decode() == text
    assert copy.finding.name == encoding


def test_what_mixes_utf8_and_a_code_page_is_read_word_by_word() -> None:
    text = "k,name\n" + "".join(f"{n},Köln {n}\n" for n in range(40))
    read = read_text(text.encode() + "40,Müller\n41,André\n".encode("cp1252"))
    assert read.cells("name")[-2:] == ["Müller", "André"]
    (decision,) = [found for found in read.part.decisions if found.subject == "encoding"]
    assert (decision.value, decision.runner_up) == ("utf-8+cp1252", "cp1252")
    assert "2 characters are not" in decision.evidence
    assert "“Müller”" in decision.evidence


def test_characters_that_are_cut_off_reject_their_row() -> None:
    text = "k,name\n" + "".join(f"{n},Köln {n}\n" for n in range(40))
    read = read_text(text.encode() + b"40,K\xc3\n41,x\n")
    assert (read.part.rows, read.part.rejected_rows) == (41, 1)
    (issues,) = read.decided("issues")
    assert issues["groups"][0]["code"] == "csv.bad_characters"
    assert issues["groups"][0]["samples"][0]["raw"] == "40,K\\xc3"


def test_what_was_encoded_twice_is_kept_and_said() -> None:
    text = "k,name\n" + "".join(f"{n},Köln {n}\n" for n in range(40))
    twice = text.encode().decode("cp1252").encode()
    read = read_text(twice)
    assert read.cells("name")[0] == "KÃ¶ln 0"
    (decision,) = [found for found in read.part.decisions if found.subject == "encoding"]
    assert decision.runner_up == "utf-8-twice"
    assert read_text(twice, encoding="utf-8-twice").cells("name")[0] == "Köln 0"


@pytest.mark.parametrize("block", [1, 2, 3, 7, 64])
def test_bad_bytes_are_found_wherever_the_blocks_are_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr("headway.intake.encoding.BLOCK", block)
    monkeypatch.setattr("headway.intake.encoding.WINDOW", 3)
    (tmp_path / "text").write_bytes("aé€😀".encode() + b"\xff" + "é".encode() + b"b\xe2\x82c\xc3")
    assert bad_utf8(tmp_path / "text").tolist() == [10, 14, 17]
