"""`<Dial><Conference>`: a call that sits in a conference.

Its one rule: the call stays until it hangs up, is sent elsewhere, is put out or the conference ends; then its document
goes on.
"""

from xml.etree.ElementTree import Element

from channels.sandbox.voice.documents import Document, flag_of, number_of, text_of
from channels.sandbox.voice.legs import Leg
from channels.sandbox.voice.line import Redirected
from channels.sandbox.voice.mixing import Seat
from channels.sandbox.voice.player import DEFAULT_MUSIC
from channels.sandbox.voice.recording_verb import wish_of
from channels.sandbox.voice.rooms import EVENTS, KICKED, Charter, Conference
from channels.sandbox.voice.sources import Ask, method_of
from channels.sandbox.voice.studio import Studio
from router.core.clock import Ms

LIMIT_S = 14_400.0
PARTICIPANTS_MAX = 250


async def dial_conference(studio: Studio, leg: Leg, verb: Element, document: Document, noun: Element) -> Ask | None:
    name = text_of(noun)
    if not name:
        studio.ground.trouble(13221, "<Conference> needs a name", about=document.url)
        return None
    studio.switch.answer(leg)
    conference = studio.conferences.opened(name, _charter_of(noun, document))
    limit_ms = round(number_of(verb, "timeLimit", default=LIMIT_S, low=1, high=LIMIT_S) * 1000)
    leaves_on_star = flag_of(verb, "hangupOnStar", default=False)
    await attend(studio, leg, conference, seat_of(noun, document), limit_ms=limit_ms, leaves_on_star=leaves_on_star)
    if not (action := verb.get("action", "")):
        return None
    return Ask(document.absolute(action), method_of(verb.get("method")), (("DialCallStatus", "answered"),))


async def attend(
    studio: Studio,
    leg: Leg,
    conference: Conference,
    seat: Seat,
    *,
    limit_ms: int = round(LIMIT_S * 1000),
    leaves_on_star: bool = False,
) -> None:
    """Sit in the conference until it is over for this call. Raise `HungUp` or `Redirected`."""
    one = studio.conferences.join(conference, leg, seat)
    if one is None:
        studio.ground.trouble(13210, f"the conference {conference.friendly_name} is full", about=leg.sid)
        return
    ends_at = Ms(studio.ground.now() + limit_ms)
    is_star_pressed = False

    def on_key(key: str) -> None:
        nonlocal is_star_pressed
        is_star_pressed = is_star_pressed or key == "*"

    leg.line.on_key = on_key if leaves_on_star else None
    try:
        while one.is_in and not is_star_pressed and studio.ground.now() < ends_at:
            await leg.line.rest(ends_at)
    except Redirected:
        studio.conferences.leave(conference, one, KICKED)
        raise
    finally:
        leg.line.on_key = None
        studio.conferences.leave(conference, one, "participant_hung_up")


def seat_of(noun: Element, document: Document) -> Seat:
    wait_url = noun.get("waitUrl")
    music = DEFAULT_MUSIC if wait_url is None else document.absolute(wait_url) if wait_url else ""
    return Seat(
        label=noun.get("participantLabel", ""),
        muted=flag_of(noun, "muted", default=False),
        start_on_enter=flag_of(noun, "startConferenceOnEnter", default=True),
        end_on_exit=flag_of(noun, "endConferenceOnExit", default=False),
        beep=noun.get("beep", "true"),
        coached=noun.get("coach", ""),
        wait_music=Ask(music, method_of(noun.get("waitMethod"))),
    )


def _charter_of(noun: Element, document: Document) -> Charter:
    url = noun.get("statusCallback", "")
    said = noun.get("statusCallbackEvent", "").replace(",", " ").split()
    return Charter(
        status_url=document.absolute(url) if url else "",
        status_method=noun.get("statusCallbackMethod", "POST"),
        events=tuple(one for one in said if one in EVENTS),
        record=noun.get("record") in ("record-from-start", "true"),
        recording=wish_of(noun, document),
        participants_max=int(
            number_of(noun, "maxParticipants", default=PARTICIPANTS_MAX, low=2, high=PARTICIPANTS_MAX)
        ),
    )
