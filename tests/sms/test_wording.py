"""A text says how people can stop, and says it once."""

from __future__ import annotations

import pytest

from outdial.domain.sms.encoding import is_gsm_7
from outdial.domain.sms.keywords import OwnWords, known_keywords
from outdial.domain.sms.replies import ReplyKind, read_reply
from outdial.domain.sms.settings import SmsSettings
from outdial.domain.sms.wording import language_of, says_how_to_stop, stop_wordings, with_stop_wording

USUAL = SmsSettings()


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Hi {{firstName|friend}}, your table for two is booked for Friday at 8."),
        ("en", "Ma nishtana? Passover Seder, RSVP by Sunday"),
        ("es", "Hola {{name}}, su cita es mañana a las 10 con la doctora Ruiz."),
        ("fr", "Bonjour {{name}}, votre colis est arrivé, merci de passer le prendre."),
        ("pt", "Olá {{name}}, a sua consulta é amanhã. Obrigado!"),
        ("de", "Guten Tag, Ihr Paket ist da und liegt für Sie bereit."),
        ("it", "Ciao {{name}}, il suo appuntamento è domani alle 10, grazie."),
        ("he", "שלום {{name}}, התור שלך מחר ב-10"),
        ("ar", "مرحبا {{name}}، موعدك غدا"),
        ("ru", "Здравствуйте, {{name}}, ваш заказ готов"),
    ],
)
def test_how_to_stop_is_said_in_the_texts_own_language(language: str, text: str) -> None:
    assert language_of(text) == language
    assert with_stop_wording(text, USUAL) == f"{text}\n{stop_wordings()[language].wording}"


@pytest.mark.parametrize("language", sorted(stop_wordings()))
def test_every_line_says_how_to_stop_and_makes_no_text_dearer(language: str) -> None:
    wording = stop_wordings()[language].wording
    assert says_how_to_stop(wording, USUAL)
    assert is_gsm_7(wording) or language in {"he", "ar", "ru"}
    word = next(word for word in reversed(wording.split()) if read_reply(word, known_keywords()).silences)
    assert read_reply(word, known_keywords()).kind is ReplyKind.STOP


@pytest.mark.parametrize(
    "text",
    [
        "Sale on Friday. Reply STOP to end",
        "Sale on Friday, txt 'stop' to end",
        "Oferta el viernes. Envíe BAJA",
        "Offre vendredi. ARRÊT pour finir",
        "מבצע ביום שישי. להסרה השיבו הסר",
        "מבצע ביום שישי. להסרה STOP",
        'Ends Friday. Reply "end"',
    ],
)
def test_a_text_that_says_how_to_stop_is_left_as_it_is(text: str) -> None:
    assert with_stop_wording(text, USUAL) == text


@pytest.mark.parametrize(
    "text",
    [
        "Stop by our store before the end of May, or cancel",
        "TD Bank: your card is ready",
        "STOP PAYING TOO MUCH",
        "See https://example.org/STOP today",
        "Hello {{STOP}}",
        "די, יש מבצע",
    ],
)
def test_a_stop_word_that_tells_nobody_what_to_write_is_not_enough(text: str) -> None:
    assert with_stop_wording(text, USUAL).startswith(f"{text}\n")


def test_a_campaigns_own_wording_is_added_once_and_an_empty_one_never() -> None:
    own = SmsSettings(stop_wording="Stop: https://example.org/stop")
    text = "Sale on Friday. Reply STOP to end"
    assert with_stop_wording(text, own) == f"{text}\nStop: https://example.org/stop"
    assert with_stop_wording(with_stop_wording(text, own), own) == with_stop_wording(text, own)
    assert with_stop_wording("Sale on Friday", SmsSettings(stop_wording="")) == "Sale on Friday"


def test_a_campaigns_own_stop_word_says_how_to_stop() -> None:
    digit = SmsSettings(reply_words=OwnWords(stop=("9",)))
    assert with_stop_wording("מבצע. להסרה השיבו 9", digit) == "מבצע. להסרה השיבו 9"
    assert with_stop_wording("מבצע. להסרה השיבו 9", USUAL) != "מבצע. להסרה השיבו 9"
