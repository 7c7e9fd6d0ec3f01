"""Settings: `onecase.toml`, overridden by `ONECASE_*` variables. Every setting is documented in docs/settings.md.

Its one rule: an unknown or impossible setting stops the start with a sentence that says where and what to do.
"""

import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

PREFIX = "ONECASE_"
OTHER_VARIABLES = frozenset({"ONECASE_TOKEN", "ONECASE_NO_BROWSER", "ONECASE_SOAK", "ONECASE_SEED"})
"""Variables of the command line and of the tests, which are no settings."""


ERASURES = "erasures.jsonl"


class TwilioSection(BaseModel):
    """The telephone provider: Twilio, or any that speaks its protocol at another base URL."""

    model_config = ConfigDict(extra="forbid")

    account_sid: str = Field(default="", description="account SID (`AC…`)")
    auth_token: SecretStr = Field(default=SecretStr(""), description="the account's primary auth token; signs webhooks")
    previous_auth_token: SecretStr = Field(
        default=SecretStr(""),
        description="the token before, while one is rotated: webhooks signed with it are still taken",
    )
    api_key_sid: str = Field(
        default="", description="API key (`SK…`) for our calls; empty: the account's own token is used"
    )
    api_key_secret: SecretStr = Field(default=SecretStr(""), description="the API key's secret")
    base_url: str = Field(
        default="https://api.twilio.com", description="REST address, with a path prefix where there is one"
    )
    signature_header: str = Field(
        default="X-Twilio-Signature", description="header that carries the webhook's signature"
    )
    signing_key: SecretStr = Field(
        default=SecretStr(""), description="key of webhook signatures where it is not the auth token"
    )
    fallback_url: str = Field(
        default="", description="document that customers whom we call hear while we are down; hosted elsewhere"
    )
    agents_fallback_url: str = Field(
        default="", description="document that agents, and others who are no customers, hear then; hosted elsewhere"
    )
    file_hosts: list[str] = Field(
        default=["*.twiliocdn.com", "*.amazonaws.com"],
        description="hosts that the provider may send us on to for a file; asked over https, without credentials",
    )
    senders: dict[str, str] = Field(
        default_factory=dict, description='our number for each channel we may write on first, such as sms = "+1…"'
    )


class ImapSection(BaseModel):
    """A mailbox elsewhere that is read as well."""

    model_config = ConfigDict(extra="forbid")

    host: str = Field(default="", description="server whose mailbox is read; empty: none")
    port: int = Field(default=993, ge=1, le=65535, description="its port")
    tls: Literal["ssl", "starttls", "none"] = Field(
        default="ssl", description="ssl (TLS from the first byte), starttls or none"
    )
    ca_file: str = Field(
        default="", description="PEM file of an authority of one's own; empty: those that the machine trusts"
    )
    user: str = Field(default="", description="user name there")
    password: SecretStr = Field(default=SecretStr(""), description="its password")
    folders: list[str] = Field(
        default=["INBOX"], min_length=1, description="folders that are read; news of the first come at once"
    )
    seen: Literal["keep", "mark"] = Field(
        default="keep", description="keep leaves mails as they are, mark marks them as read once they are taken"
    )
    look_back_days: int = Field(default=2, ge=0, le=3650, description="how far back a folder is read at first")
    poll_s: float = Field(
        default=60.0, ge=1, le=3600, description="seconds between looks where the server cannot tell of news"
    )


class MailSection(BaseModel):
    """Mail: who we are by it, how it comes in and how it goes out."""

    model_config = ConfigDict(extra="forbid")

    address: str = Field(default="", description="our address, such as help@example.com; empty: no mail")
    domains: list[str] = Field(
        default_factory=list, description="more domains whose mail is ours; that of `address` always is"
    )
    listen_host: str = Field(default="127.0.0.1", description="address on which mail is taken by SMTP")
    listen_port: int = Field(
        default=-1, ge=-1, le=65535, description="port on which mail is taken by SMTP; 0 takes a free one, -1 none"
    )
    bytes_max: int = Field(default=26_214_400, ge=65_536, description="largest mail that is taken")
    verifier: str = Field(
        default="",
        description="name by which our mail server signs its Authentication-Results; those of others are not believed",
    )
    mailgun_signing_key: SecretStr = Field(
        default=SecretStr(""), description="key of Mailgun's webhooks; empty: they need a token as the others do"
    )
    imap: ImapSection = Field(default_factory=ImapSection, description="a mailbox elsewhere")
    smtp_host: str = Field(default="", description="server by which mail goes out; needed where `address` is set")
    smtp_port: int = Field(default=587, ge=1, le=65535, description="its port")
    smtp_tls: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="starttls, tls from the first byte, or none"
    )
    smtp_ca_file: str = Field(
        default="", description="PEM file of an authority of one's own; empty: those that the machine trusts"
    )
    smtp_username: str = Field(default="", description="user name there; empty: no authentication")
    smtp_password: SecretStr = Field(default=SecretStr(""), description="its password")


class IdentityKeySection(BaseModel):
    """A key with which a site signs who its visitors are."""

    model_config = ConfigDict(extra="forbid")

    kid: str = Field(min_length=1, max_length=100)
    algorithm: Literal["ES256", "RS256", "HS256"]
    key: SecretStr
    issuer: str = Field(min_length=1)
    audience: str = Field(min_length=1)


class SiteSection(BaseModel):
    """What is set of a site that was made by the API."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(pattern="^sit_[0-9a-f]{16}$")
    chat_page: str = Field(default="", pattern=r"^(https?://[^\s#]+)?$", max_length=1_000)
    identity_keys: list[IdentityKeySection] = Field(default_factory=list[IdentityKeySection])


class Settings(BaseSettings):
    """Everything that can be set."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid")

    host: str = Field(default="127.0.0.1", description="address to listen on")
    port: int = Field(default=8080, ge=0, le=65535, description="port to listen on; 0 takes a free one")
    data: Path = Field(
        default=Path("onecase-data"), description="folder that holds everything the embedded default writes"
    )
    erasures: Path | None = Field(
        default=None,
        description="file that says who was erased, for backups that are restored; empty: erasures.jsonl in `data`",
    )
    public_url: str = Field(
        default="", description="scheme and host under which providers reach this service; empty: http://host:port"
    )
    database_url: str = Field(default="", description="empty: SQLite in `data`")
    policies: Path | None = Field(default=None, description="folder of policy files; empty: the default policy set")
    bootstrap_token: SecretStr = Field(default=SecretStr(""), description="admin token of a new data folder")
    log_level: str = Field(
        default="info", pattern="^(debug|info|warning|error)$", description="debug, info, warning or error"
    )
    body_bytes_max: int = Field(default=1_048_576, ge=1024, description="largest request body that is read")
    fault_point: str = Field(
        default="", description="tests only: `name:n` ends the process at the n-th pass of a fault point"
    )
    mail: MailSection = Field(default_factory=MailSection, description="mail")
    sites: list[SiteSection] = Field(
        default_factory=list[SiteSection], description="keys with which sites say who their visitors are"
    )
    twilio: TwilioSection = Field(default_factory=TwilioSection, description="the telephone provider")

    @property
    def ledger(self) -> Path:
        """Where the ledger of erasures stands."""
        return self.erasures or self.data / ERASURES

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        toml_file = settings_cls.model_config.get("toml_file")
        files = (TomlConfigSettingsSource(settings_cls, toml_file=toml_file),) if toml_file else ()
        return (init_settings, env_settings, *files)


class SettingsProblem(Exception):
    """Settings that cannot be used; each line says where, what came and what was expected."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def load_settings(file: Path | None, environment: dict[str, str], **given: Any) -> Settings:
    """Settings from command line, environment and file, in this order of weight. Raises SettingsProblem."""
    problems = _unknown_variables(environment)
    if file is not None:
        problems += _file_problems(file)
    if problems:
        raise SettingsProblem(problems)

    try:
        return _configured(file)(**{k: v for k, v in given.items() if v is not None})
    except ValidationError as error:
        raise SettingsProblem([_sentence(e, file) for e in error.errors()]) from None


@lru_cache(maxsize=4)
def _configured(file: Path | None) -> type[Settings]:
    """Settings that read that file, each time that they are made."""

    class Configured(Settings):
        model_config = SettingsConfigDict(toml_file=file)

    return Configured


def _file_problems(file: Path) -> list[str]:
    try:
        tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return [f"{file}: there is no such file; give an existing one with --config"]
    except (OSError, UnicodeDecodeError) as error:
        return [f"{file}: cannot be read ({error})"]
    except tomllib.TOMLDecodeError as error:
        return [f"{file}: is not TOML: {error}"]
    return []


def _unknown_variables(environment: dict[str, str]) -> list[str]:
    names = {f"{PREFIX}{name}".upper() for name in Settings.model_fields}
    problems: list[str] = []
    for variable in sorted(environment.keys() - OTHER_VARIABLES):
        if variable.upper().startswith(PREFIX) and variable.upper().split("__")[0] not in names:
            problems.append(f"{variable}: there is no such setting; docs/settings.md lists all of them")
    return problems


def _sentence(error: Any, file: Path | None) -> str:
    path = [str(part) for part in error["loc"]]
    name = ".".join(path)
    line = _line_of(file, path) if file else None
    where = f"{file}:{line}: {name}" if line else f"{name} ({PREFIX}{'__'.join(path).upper()})"
    if error["type"] == "extra_forbidden":
        return f"{where}: there is no such setting; docs/settings.md lists all of them"
    came = "" if any(word in name for word in ("token", "secret", "key")) else f", found {error['input']!r}"
    return f"{where}: {error['msg']}{came}"


def _line_of(file: Path, path: list[str]) -> int | None:
    """The line where a setting stands, found by its table and key."""
    table = ""
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        text = line.strip()
        if text.startswith("["):
            table = text.strip("[] ")
        key = text.partition("=")[0].strip()
        if [*(table.split(".") if table else []), key] == path or (text.startswith("[") and table == ".".join(path)):
            return number
    return None
