"""The JSON API: translates in, asks `linking.search.find`, translates out."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers, status
from rest_framework.exceptions import (
    APIException,
    ErrorDetail,
    NotFound,
    PermissionDenied,
    Throttled,
    ValidationError,
)
from rest_framework.parsers import FormParser, JSONParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from linking import monitoring, queue
from linking.accounts import audit, roles
from linking.api import serializers as shapes
from linking.api.access import MayRead, PerPerson
from linking.models import Visitor, VisitorState
from linking.notes import player_labels
from linking.search import BadKeyset, UnknownFilter, find, history, pages, parse_query
from linking.sync import refresh, unknown_visitors
from linking.tasks import CLOCK

PAGE_SIZE_MAX = 200
RETRY_AFTER_S = 5  # when a visitor that Zendesk did not tell of yet is worth another look
_LIST_PARAMETERS = ("q", "integration", "state", "ordering", "cursor", "page_size")


class QueueUnavailable(APIException):
    """The broker took no message."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = gettext_lazy("The queue cannot be reached, so nothing was refreshed. Try again in a minute.")
    default_code = "queue_unavailable"


class _View(APIView):
    permission_classes = (MayRead,)
    throttle_classes = (PerPerson,)

    def context(self, visitors: Sequence[Visitor | None] = ()) -> dict[str, Any]:
        """Return what the shapes need to know of the caller and, in one query more, of the chats of `visitors`."""
        keys = [visitor.pk for visitor in visitors if visitor]
        chats = history.sum_up_chats(visitor_keys=keys) if keys else {}
        return {"can_see_contact": roles.can_see_contact(self.request.user), "chats": chats}

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Return `response`, which no cache on the way may keep: it says who people are."""
        response = super().finalize_response(request, response, *args, **kwargs)
        response["Cache-Control"] = "no-store"
        return response


def _list_schema(name: str, shape: type[serializers.Serializer[Any]]) -> Any:
    address = serializers.URLField(allow_null=True)
    return inline_serializer(
        name=name,
        fields={"next": address, "previous": serializers.URLField(allow_null=True), "results": shape(many=True)},
    )


def _answers(shape: Any, *errors: int, success: int = 200) -> dict[int, Any]:
    return {success: shape} | dict.fromkeys((401, 403, 429, *errors), shapes.ErrorSerializer)


_NO_VISITOR = OpenApiResponse(
    shapes.ErrorSerializer,
    description="`detail` says which: Zendesk has no such visitor, the ID is of another Zendesk account, it is no "
    "visitor ID, or why Zendesk was not asked.",
)
_IN_ONE = OpenApiParameter("integration", str, description="Slug of an integration.")


def _note_view(request: Request, *, target: str, action: str = audit.VIEWED) -> None:
    """Record who read a record or searched for one, with `ZDBRIDGE_AUDIT_VIEWS`."""
    if settings.LINKING["AUDIT_VIEWS"] and target:
        audit.audit_look(user=request.user, action=action, target=target, now=timezone.now())


class Visitors(_View):
    """`GET /api/v1/visitors/`."""

    @extend_schema(
        operation_id="visitors_list",
        parameters=[
            OpenApiParameter(
                "q",
                str,
                description="Parts of names and IDs in any order; an e-mail or phone, for agents as a whole.",
            ),
            _IN_ONE,
            OpenApiParameter("state", str, enum=sorted(state.value for state in VisitorState)),
            OpenApiParameter("ordering", str, enum=find.VISITOR_ORDERINGS),
            OpenApiParameter("cursor", str),
            OpenApiParameter("page_size", int, description=f"1 to {PAGE_SIZE_MAX}, by itself {pages.PAGE_SIZE}."),
        ],
        responses=_answers(_list_schema("VisitorPage", shapes.VisitorSerializer), 400),
    )
    def get(self, request: Request) -> Response:
        """List visitors with their link, newest activity first."""
        asked = _parse_parameters(request, known=_LIST_PARAMETERS)
        _note_view(request, target=asked.get("q", ""), action=audit.SEARCHED)
        ordering = asked.get("ordering") or find.DEFAULT_ORDERING
        try:
            rows = find.list_visitors(
                query=parse_query(asked.get("q", "")),
                integration=asked.get("integration", ""),
                state=asked.get("state", ""),
                ordering=ordering,
                sees_contact=roles.can_see_contact(request.user),
            )
            page = pages.load_page(
                rows, ordering=ordering, cursor=asked.get("cursor", ""), size=_page_size(asked.get("page_size", ""))
            )
        except UnknownFilter as error:
            raise ValidationError({"detail": str(error)}) from error
        except BadKeyset as error:
            raise ValidationError({"detail": f"cursor: {error}"}) from error
        results = shapes.VisitorSerializer(page.rows, many=True, context=self.context(page.rows)).data
        return Response(
            {
                "next": _address(request, asked=asked, cursor=page.next),
                "previous": _address(request, asked=asked, cursor=page.previous),
                "results": results,
            }
        )


class OneVisitor(_View):
    """`GET /api/v1/visitors/{visitor_id}/`."""

    @extend_schema(
        operation_id="visitors_read",
        parameters=[_IN_ONE],
        responses=_answers(shapes.VisitorSerializer, 400) | {202: shapes.WaitingSerializer, 404: _NO_VISITOR},
    )
    def get(self, request: Request, visitor_id: str) -> Response:
        """Read one visitor, by the dot form, the dash form or an alias of its ID.

        For one that is not known here Zendesk is asked at once, which takes five seconds at most. 202: no answer yet;
        ask again in a few seconds. 429 for more than 20 such questions a minute.
        """
        found = _visitor(request, visitor_id=visitor_id)
        if found is None:
            lookup = _look_up(request, visitor_id=visitor_id)
            if lookup.outcome is unknown_visitors.Outcome.WAITING:
                return _waiting(lookup)
            found = find.find_visitor(visitor_id=lookup.visitor_id, integration=lookup.integration)
        if found is not None:
            _note_view(request, target=f"{found.integration.slug} {found.visitor_id}")
        return Response(shapes.VisitorSerializer(found, context=self.context([found])).data)


class RefreshVisitor(_View):
    """`POST /api/v1/visitors/{visitor_id}/refresh/`."""

    # Nothing is asked of the body, but with a session a form may bring the CSRF token in it.
    parser_classes = (JSONParser, FormParser, MultiPartParser)

    @extend_schema(
        operation_id="visitors_refresh",
        parameters=[_IN_ONE],
        request=None,
        responses=_answers(shapes.RefreshSerializer, 400, 404, 503, success=202),
    )
    def post(self, request: Request, visitor_id: str) -> Response:
        """Have one visitor read from Zendesk again; the answer comes before it was read."""
        found = _visitor(request, visitor_id=visitor_id)
        if not roles.can_refresh(request.user):
            raise PermissionDenied
        if found is None:
            lookup = _look_up(request, visitor_id=visitor_id)
            if lookup.outcome is unknown_visitors.Outcome.WAITING:
                return _waiting(lookup)
            body = {"visitor_id": lookup.visitor_id, "queued": False}
            return Response(shapes.RefreshSerializer(body).data, status=status.HTTP_202_ACCEPTED)
        self._queue(found, person=str(request.user.pk))
        body = {"visitor_id": found.visitor_id, "queued": True}
        return Response(shapes.RefreshSerializer(body).data, status=status.HTTP_202_ACCEPTED)

    def _queue(self, found: Visitor, *, person: str) -> None:
        wish = refresh.request_refresh(visitor_pk=found.pk, person=person, now=timezone.now())
        if wish.wait_s:
            sentence = _("More than %(number)s refreshes in a minute.") % {"number": refresh.PER_MINUTE}
            raise _throttle(sentence, wait_s=wish.wait_s)
        if not wish.is_to_be_queued:
            return
        try:
            queue.put(task="linking.tasks.refresh_visitor", visitor_pk=found.pk)
        except queue.BrokerUnavailable as error:
            refresh.drop_request(visitor_pk=found.pk)
            raise QueueUnavailable from error


class OneLoginUser(_View):
    """`GET /api/v1/users/{user_id}/`."""

    @extend_schema(
        operation_id="users_read",
        parameters=[_IN_ONE, OpenApiParameter("cursor", str)],
        responses=_answers(shapes.LoginUserSerializer, 400, 404),
    )
    def get(self, request: Request, user_id: str) -> Response:
        """Read one Login user with all linked visitors: beyond 500, `visitors_next` leads to the rest."""
        asked = _parse_parameters(request, known=("integration", "cursor"))
        try:
            found = find.find_login_user(user_id=user_id, integration=asked.get("integration", ""), with_visitors=False)
            if found is None:
                raise NotFound(_("No player has this user ID."))
            page = find.load_links_page(found, cursor=asked.get("cursor", ""))
        except UnknownFilter as error:
            raise ValidationError({"detail": str(error)}) from error
        except BadKeyset as error:
            raise ValidationError({"detail": f"cursor: {error}"}) from error
        found.open_links = page.rows  # type: ignore[attr-defined]
        found.visitors_next = _address(request, asked=asked, cursor=page.next)  # type: ignore[attr-defined]
        _note_view(request, target=f"{found.integration.slug} {found.user_id}")
        found_labels = player_labels.find_labels(player_keys=[found.pk]).get(found.pk, ())
        found.labels = [label.name for label in found_labels]  # type: ignore[attr-defined]
        return Response(shapes.LoginUserSerializer(found, context=self.context()).data)


class Integrations(_View):
    """`GET /api/v1/integrations/`."""

    @extend_schema(
        operation_id="integrations_list",
        parameters=[],
        responses=_answers(_list_schema("IntegrationPage", shapes.IntegrationSerializer), 400),
    )
    def get(self, request: Request) -> Response:
        """List how every integration stands. There are few of them: one page holds all."""
        _parse_parameters(request, known=())
        rows = monitoring.status.load_statuses(now=timezone.now())
        results = shapes.IntegrationSerializer(rows, many=True).data
        return Response({"next": None, "previous": None, "results": results})


@extend_schema(exclude=True)
class NoSuchAddress(_View):
    """Whatever else is asked for below `/api/v1/`: answered in JSON, not with a page."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Raise: NotFound, once it is clear who asks."""
        super().initial(request, *args, **kwargs)
        raise NotFound(_("There is no such address in this API. /api/docs/ lists all addresses."))


def _parse_parameters(request: Request, *, known: tuple[str, ...]) -> dict[str, str]:
    unknown = sorted(set(request.query_params) - set(known))
    if unknown:
        sentence = _("Unknown parameter. This call takes no parameters.")
        if known:
            sentence = _("Unknown parameter. The parameters are: %(names)s.") % {"names": ", ".join(known)}
        raise ValidationError({"detail": sentence})
    return {name: request.query_params[name] for name in known if name in request.query_params}


def _page_size(text: str) -> int:
    if not text:
        return pages.PAGE_SIZE
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= PAGE_SIZE_MAX):
        sentence = _("page_size must be a whole number from 1 to %(maximum)s.")
        raise ValidationError({"detail": sentence % {"maximum": PAGE_SIZE_MAX}})
    return int(text)


def _visitor(request: Request, *, visitor_id: str) -> Visitor | None:
    """Return the visitor that is known here, None for no such. Raises: ValidationError."""
    asked = _parse_parameters(request, known=("integration",))
    try:
        return find.find_visitor(visitor_id=visitor_id, integration=asked.get("integration", ""))
    except UnknownFilter as error:
        raise ValidationError({"detail": str(error)}) from error


def _look_up(request: Request, *, visitor_id: str) -> unknown_visitors.Lookup:
    """Return what Zendesk says about a visitor that is not known here: found, or asked about again later.

    Raises: NotFound, Throttled.
    """
    integration = request.query_params.get("integration", "")
    lookup = unknown_visitors.look_up_for_request(
        visitor_id=visitor_id, integration=integration, user=request.user, environ=request.META, clock=CLOCK
    )
    if lookup.outcome is unknown_visitors.Outcome.TOO_MANY:
        raise _throttle(lookup.sentence, wait_s=lookup.retry_after_s)
    if lookup.outcome in (unknown_visitors.Outcome.FOUND, unknown_visitors.Outcome.WAITING):
        return lookup
    raise NotFound(lookup.sentence)


def _throttle(sentence: str, *, wait_s: int) -> Throttled:
    throttled = Throttled(wait=wait_s)
    # Given afterwards: the class would add a second sentence about the time.
    throttled.detail = ErrorDetail(sentence, code=throttled.default_code)
    return throttled


def _waiting(lookup: unknown_visitors.Lookup) -> Response:
    body = {"visitor_id": lookup.visitor_id, "queued": True, "detail": lookup.sentence}
    return Response(shapes.WaitingSerializer(body).data, status=202, headers={"Retry-After": str(RETRY_AFTER_S)})


def _address(request: Request, *, asked: dict[str, str], cursor: str) -> str | None:
    if not cursor:
        return None
    return request.build_absolute_uri(f"{request.path}?{urlencode(asked | {'cursor': cursor})}")
