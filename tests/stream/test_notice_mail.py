"""Handing mails to a real server: what arrives, and how each end of an attempt is told apart."""

import socket
import ssl
from datetime import UTC, datetime
from uuid import UUID

import pytest

from core.mail_server import MailServer, parse_mail_server
from storage.alerting.notice_channels import Channel
from storage.alerting.notifications import Message
from stream.notifying.mail import send_mail

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
CHANNEL = Channel(1, 1, "mail", "ada@example.org", "", 0, "", None, None)
TEXT = "Ferme barn, collier muet : à vérifier\n\n.un point\n..deux points\nfin\n"
MESSAGE = Message(1, UUID(int=7), NOON, NOON, digest=False, subject="[barn] à vérifier : œdème", body=TEXT)


@pytest.fixture
def hand_in(postbox):
    """Hand a mail to the box; give how that ended."""
    return lambda **changes: sent(MailServer("smtp", "localhost", postbox.port, **changes))


def sent(server, *, patience_s=60.0):
    return send_mail(server, "AniMOV <node@example.org>", CHANNEL, MESSAGE, patience_s=patience_s)


def test_a_mail_arrives_as_it_was_written(postbox, hand_in):
    assert hand_in().end == "taken"
    (mail,) = postbox.mails

    assert mail.get_content().replace("\r\n", "\n") == TEXT
    told = {name: mail[name] for name in ("Subject", "From", "To", "Message-ID", "X-From", "X-To", "Auto-Submitted")}
    assert told == {
        "Subject": "[barn] à vérifier : œdème",
        "From": "AniMOV <node@example.org>",
        "To": "ada@example.org",
        "Message-ID": f"<{UUID(int=7)}@example.org>",
        "X-From": "node@example.org",
        "X-To": "ada@example.org",
        "Auto-Submitted": "auto-generated",
    }
    assert mail["Date"].datetime == NOON


@pytest.mark.parametrize(
    ("says", "end"),
    [
        ({"MAIL": "451 later"}, "not_taken"),
        ({"MAIL": "550 you may not"}, "not_taken"),
        ({"RCPT": "450 later"}, "not_taken"),
        ({"RCPT": "550 nobody here"}, "refused"),
        ({"DATA": "451 later"}, "not_taken"),
        ({"DATA": None}, "not_taken"),
        ({"END": "452 full"}, "not_taken"),
        ({"END": "554 unwanted"}, "refused"),
        ({"END": None}, "unclear"),
        ({"QUIT": None}, "taken"),
    ],
)
def test_the_ends_of_an_attempt_are_told_apart(postbox, hand_in, says, end):
    postbox.says = says
    outcome = hand_in()
    assert outcome.end == end
    assert (outcome.why == "") == (end == "taken")
    assert len(postbox.mails) == (end in {"taken", "unclear"})


def test_a_server_that_is_away_takes_nothing(postbox, hand_in):
    postbox.close()
    assert hand_in().end == "not_taken"


def test_a_server_that_never_answers_is_given_up(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server = MailServer("smtp", "127.0.0.1", silent.getsockname()[1])
        outcome = sent(server, patience_s=0.1)
    assert (outcome.end, "timed out" in outcome.why) == ("not_taken", True)


@pytest.mark.parametrize(("password", "end"), [("right", "taken"), ("wrong", "not_taken")])
def test_who_must_log_in_does(postbox, hand_in, password, end):
    postbox.login = ("node", "right")
    outcome = hand_in(user="node", password=password)
    assert outcome.end == end
    assert password not in outcome.why


@pytest.fixture
def trusted(postbox, certificate, monkeypatch):
    """A box that offers STARTTLS under a certificate that this machine trusts."""
    postbox.tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    postbox.tls.load_cert_chain(*certificate)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    return postbox


def test_a_connection_is_secured_before_anybody_logs_in(trusted):
    trusted.login = ("node", "right")
    server = MailServer("starttls", "localhost", trusted.port, "node", "right")
    assert sent(server).end == "taken"
    assert len(trusted.mails) == 1


@pytest.mark.parametrize("offered", [True, False])
def test_what_can_not_be_secured_is_not_handed_in(trusted, monkeypatch, offered):
    if offered:
        monkeypatch.delenv("SSL_CERT_FILE")  # and the certificate is nobody's that we know
    else:
        trusted.tls = None
    server = MailServer("starttls", "localhost", trusted.port)
    assert sent(server).end == "not_taken"
    assert trusted.mails == []


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://relay", MailServer("smtp", "relay", 25)),
        ("smtp://a:b@localhost:2525", MailServer("smtp", "localhost", 2525, "a", "b")),
        ("smtps://a%40b.fr:p%2Fq@mail.b.fr", MailServer("smtps", "mail.b.fr", 465, "a@b.fr", "p/q")),
        ("starttls://mail.b.fr/", MailServer("starttls", "mail.b.fr", 587)),
    ],
)
def test_a_server_is_named_by_a_url(url, server):
    assert parse_mail_server(url) == server


@pytest.mark.parametrize(
    "url",
    [
        "mail.b.fr",
        "http://mail.b.fr",
        "smtps://",
        "smtps://a@b",
        "smtp://a:secret@mail.b.fr",
        "smtps://a:se/cret@b.fr:x",
    ],
)
def test_what_names_no_server_is_refused_without_its_password(url):
    with pytest.raises(ValueError, match=r".") as refused:
        parse_mail_server(url)
    assert "secret" not in str(refused.value)
    assert "cret" not in str(refused.value)
