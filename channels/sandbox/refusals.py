"""How the provider says no: its codes, the HTTP status of each and the words.

Its one rule: every refusal over REST is a `Refused`. Codes of messages that fail later are only numbers and stand where
they arise.
"""

NOT_EMULATED = 20008

STATUS = {20003: 401, 20404: 404, 20405: 405, 20429: 429, 20500: 500, 20503: 503, NOT_EMULATED: 403}
"""HTTP status by code; 400 for all others."""

WORDS = {
    20003: "Authenticate: the account SID or API key and its secret do not fit",
    20404: "The requested resource {0} was not found",
    20405: "Method {0} is not allowed here",
    20429: "Too many requests",
    20500: "An internal server error has occurred",
    20503: "Service unavailable",
    21201: "No 'To' number is specified",
    21205: "Url {0} is not a valid URL: a call needs a Url or Twiml",
    21210: "The source phone number {0} is not yet verified for your account",
    21213: "A 'From' phone number is required",
    21214: "The 'To' phone number {0} cannot be reached",
    21215: "Account not authorized to call {0}",
    21216: "Account not allowed to call {0}",
    21217: "{0} does not appear to be a valid phone number",
    21220: "{0} is not in-progress. Cannot redirect or change it",
    21211: "The 'To' number {0} is not a valid phone number",
    21212: "The 'From' number {0} is not a valid phone number, shortcode, or alphanumeric sender ID",
    21266: "The 'To' and 'From' number cannot be the same: {0}",
    21408: "Permission to send an SMS has not been enabled for the region indicated by the 'To' number: {0}",
    21602: "Message body is required",
    21603: "A 'From' or 'MessagingServiceSid' parameter is required",
    21604: "A 'To' phone number is required",
    21606: "The From phone number {0} is not a valid, SMS-capable inbound phone number or short code for your account",
    21609: "The StatusCallback URL {0} is not a valid URL",
    21610: "Attempt to send to unsubscribed recipient",
    21611: "The source 'From' number {0} has exceeded the maximum number of queued messages",
    21612: "The 'To' phone number {0} is not currently reachable using the 'From' phone number",
    21614: "'To' number {0} is not a valid mobile number",
    21617: "The concatenated message body exceeds the 1600 character limit",
    21620: "Invalid media URL(s): {0}",
    21623: "Number of media files exceeds allowed limit of {0}",
    21910: "Invalid From and To pair. From and To should be of the same channel",
    20001: "The request cannot be read: {0}",
    20009: "It cannot be changed so: {0}",
    63007: "Twilio could not find a Channel with the specified From address {0}",
    NOT_EMULATED: "{0}",
}


class Refused(Exception):
    """The provider refuses: `code` is the provider's, `status` the HTTP status that goes with it."""

    def __init__(self, code: int, *about: str) -> None:
        self.code = code
        self.status = STATUS.get(code, 400)
        self.message = WORDS[code].format(*about)
        super().__init__(f"{code}: {self.message}")

    def shown(self) -> dict[str, object]:
        """The provider's error body."""
        more_info = f"https://www.twilio.com/docs/errors/{self.code}"
        return {"code": self.code, "message": self.message, "more_info": more_info, "status": self.status}
