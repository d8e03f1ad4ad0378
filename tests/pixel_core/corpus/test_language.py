import subprocess
import sys

import pytest

from pixel_core.corpus.language import is_in, language_of


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("I have not slept since my mother left, and nobody at work knows what to say to me.", "en"),
        ("cant sleep, cant eat, lost my job on friday & no clue what comes next tbh", "en"),
        ("Ich weiß nicht mehr weiter, seit meine Mutter gestorben ist, und niemand hört mir zu.", "de"),
        ("Je ne dors plus depuis que mon père est parti et je ne sais plus quoi faire.", "fr"),
        ("No puedo dormir desde que mi hermana se fue de casa y no sé qué hacer con todo esto.", "es"),
        ("Saya tidak tahu harus berbuat apa lagi sejak ibu saya meninggal tahun lalu.", "id"),
        ("Nie wiem już, co robić, odkąd moja matka umarła, i nikt mnie nie słucha.", "pl"),
        ("我最近一直睡不好,不知道该怎么办,没有人愿意听我说话。", "zh"),
        ("Я не сплю с тех пор, как умерла мама, и никто меня не слышит.", "ru"),  # noqa: RUF001 - Russian
    ],
)
def test_languages_are_told(text, language):
    assert language_of(text) == language
    assert is_in(text, ["en"]) == (language == "en")


@pytest.mark.parametrize("text", ["", "Hm.", "Ja, gut.", "12 345 678 ...", "Merci beaucoup!"])
def test_a_short_text_may_be_in_any(text):
    assert language_of(text) is None
    assert is_in(text, ["en"])


def test_plain_english_loads_no_models():
    code = (
        "import sys; from pixel_core.corpus.language import language_of;"
        "assert language_of('I have not slept since my mother left, and nobody at work knows what to say to me.') == 'en';"
        "assert 'lingua' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
