"""The plain agent desk: server-rendered pages on which a person can be an agent."""

from collections.abc import Mapping

from router.http.desk.pages import Desk
from router.http.front import PageHandler
from router.http.service import Service


def desk_pages(service: Service) -> Mapping[str, PageHandler]:
    """The pages by the first part of their path."""
    return {"/desk": Desk(service).answer}
