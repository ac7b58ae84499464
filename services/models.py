"""Services of the communes, the situations that open them, the requests of families and their supporting documents."""

import pghistory
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.functional import cached_property

from accounts.models import Commune, User
from families.models import Family, Member
from services import hooks, rules


class ServiceQuerySet(models.QuerySet):
    def of_agent(self, agent):
        """The services an agent decides for: those given to them by name, else those of their communes given to nobody."""
        if agent.is_superuser:
            return self
        mine = self.filter(commune__in=agent.communes.all())
        named = models.Exists(mine.filter(agents=agent))
        return mine.filter(Q(agents=agent) | Q(agents=None) & ~named).distinct()

    def deciding(self):
        """Those that decide on each family: for all they offer, or for what is debited after it was booked."""
        wanted = Q(access=Service.Access.REQUEST)
        for pks in hooks.services_on_credit():
            wanted |= Q(access=Service.Access.OPEN, credit_to_all=False, pk__in=pks)
        return self.filter(wanted)

    def on_demand(self):
        """Those that families may ask for now."""
        return self.deciding().filter(is_open=True)


class Service(models.Model):
    """A service of a commune, such as « Service cantine » of Saint-Marcel."""

    class Access(models.TextChoices):
        REQUEST = "request", "Sur demande, acceptée par un agent"
        OPEN = "open", "Ouvert à toute famille validée"

    commune = models.ForeignKey(Commune, models.PROTECT, related_name="services", verbose_name="commune")
    name = models.CharField("nom du service", max_length=100)
    description = models.TextField("présentation", blank=True)
    email = models.EmailField(
        "adresse e-mail du service",
        blank=True,
        help_text="Reçoit les messages de la page « Contact ». Vide : l’adresse de la collectivité.",
    )
    is_open = models.BooleanField("ouvert aux familles", default=True)
    access = models.CharField("accès", max_length=8, choices=Access.choices, default=Access.REQUEST)
    credit_to_all = models.BooleanField(
        "paiement différé sans demande d’accès",
        default=False,
        help_text="Compte pour un service ouvert à toute famille validée. Décoché : pour une activité débitée le jour "
        "venu, la famille demande d’abord l’accès, et un agent de ce service l’accepte. Coché : toute famille validée, "
        "par n’importe quelle commune et même sans argent dans son porte-monnaie, prend tout de suite une place "
        "qu’elle ne paiera que le jour venu.",
    )
    agents = models.ManyToManyField(
        User,
        blank=True,
        related_name="services",
        verbose_name="agents du service",
        help_text="Aucun : ceux de la commune.",
    )
    objects = ServiceQuerySet.as_manager()

    class Meta:
        verbose_name = "service"
        ordering = ["commune__name", "name"]
        constraints = [models.UniqueConstraint(fields=["commune", "name"], name="service_name_per_commune")]

    def __str__(self):
        return f"{self.commune} – {self.name}"

    def asks_first(self, on_credit: bool) -> bool:
        """Whether families need an access that this service decided; ``on_credit``: for what is debited later."""
        return self.access == self.Access.REQUEST or (on_credit and not self.credit_to_all)

    @cached_property
    def people(self) -> frozenset[str]:
        """For whom its situations are (``Audience.People``), read once for each object."""
        return frozenset(self.audiences.values_list("people", flat=True))


class Audience(models.Model):
    """Situation (résident commune, hors commune, adultes…): what a member is for a service; it drives the tariff."""

    class Residence(models.TextChoices):
        INSIDE = "inside", "Résident de la commune"
        OUTSIDE = "outside", "Hors commune"
        ANY = "any", "Sans condition"

    class People(models.TextChoices):
        CHILDREN = "children", "Enfants"
        ADULTS = "adults", "Adultes"
        ANY = "any", "Tous"

    service = models.ForeignKey(Service, models.CASCADE, related_name="audiences", verbose_name="service")
    name = models.CharField("situation", max_length=80)
    residence = models.CharField("résidence", max_length=8, choices=Residence.choices, default=Residence.ANY)
    people = models.CharField("personnes", max_length=8, choices=People.choices, default=People.ANY)

    class Meta:
        verbose_name = "situation"
        ordering = ["service", "name"]
        constraints = [models.UniqueConstraint(fields=["service", "name"], name="audience_name_per_service")]

    def __str__(self):
        return f"{self.service} / {self.name}"


class DocumentType(models.Model):
    """A kind of supporting document, shared by the services that ask for it: given once, it serves all of them."""

    class Kind(models.TextChoices):
        FILE = "file", "Fichier"
        TEXT = "text", "Texte"
        IBAN = "iban", "IBAN"
        BIC = "bic", "BIC"
        MANDATE = "mandate", "Mandat de prélèvement SEPA signé"
        QUOTIENT = "quotient", "Attestation de quotient familial"

    TEXTS = (Kind.TEXT, Kind.IBAN, Kind.BIC)

    name = models.CharField("nom", max_length=120, unique=True)
    kind = models.CharField("nature", max_length=8, choices=Kind.choices, default=Kind.FILE)
    per_member = models.BooleanField("une par enfant", default=False)
    is_health = models.BooleanField("donnée de santé", default=False, help_text="Chaque lecture est inscrite.")
    validity_months = models.PositiveSmallIntegerField("validité en mois", null=True, blank=True)
    help_text = models.TextField("aide", blank=True)
    blank_key = models.CharField(max_length=80, blank=True, editable=False)
    blank_label = models.CharField("formulaire vierge", max_length=120, blank=True)

    class Meta:
        verbose_name = "type de pièce"
        verbose_name_plural = "types de pièces"
        ordering = ["name"]

    def __str__(self):
        return self.name

    @property
    def is_text(self) -> bool:
        """Whether the piece is typed, not sent as a file."""
        return self.kind in self.TEXTS


class RequiredDocument(models.Model):
    """Pièce demandée: a service asks for a type of document, mandatory or not."""

    service = models.ForeignKey(Service, models.CASCADE, related_name="required_documents", verbose_name="service")
    type = models.ForeignKey(DocumentType, models.PROTECT, related_name="required_by", verbose_name="pièce")
    is_mandatory = models.BooleanField("obligatoire", default=True)
    rank = models.PositiveSmallIntegerField("ordre", default=0)

    class Meta:
        verbose_name = "pièce demandée"
        verbose_name_plural = "pièces demandées"
        ordering = ["service", "rank", "pk"]
        constraints = [models.UniqueConstraint(fields=["service", "type"], name="document_required_once")]

    def __str__(self):
        return f"{self.type}{' *' if self.is_mandatory else ''}"


class SupportingDocumentQuerySet(models.QuerySet):
    def of(self, user):
        """The documents a guardian may read: those of their own family, never the other parent's."""
        return self.filter(family__guardians__user=user)

    def of_agent(self, agent):
        """The documents that a service of the agent asks for, of families that asked for that service.

        A child's document only when the request names that child.
        """
        if agent.is_superuser:
            return self
        mine = Service.objects.of_agent(agent)
        lines = RequestLine.objects.filter(
            Q(member=models.OuterRef("member")) | Q(request__service__required_documents__type__per_member=False),
            request__family=models.OuterRef("family"),
            request__service__required_documents__type=models.OuterRef("type"),
        )
        return self.filter(models.Exists(lines.filter(request__service__in=mine)))

    def current(self):
        """The one that counts: not replaced by a newer one."""
        return self.filter(replaced_at=None)


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), model_name="SupportingDocumentEvent")
class SupportingDocument(models.Model):
    """Pièce justificative: what a family gave, encrypted in the vault; « une pièce donnée une fois sert partout »."""

    class Status(models.TextChoices):
        PENDING = "pending", "En attente"
        VALIDATED = "validated", "Validée"
        REFUSED = "refused", "Refusée"
        EXPIRED = "expired", "Expirée"

    ARROWS = {
        Status.PENDING: {Status.VALIDATED, Status.REFUSED, Status.EXPIRED},
        Status.VALIDATED: {Status.EXPIRED, Status.REFUSED},
    }

    family = models.ForeignKey(Family, models.PROTECT, related_name="documents", verbose_name="famille")
    member = models.ForeignKey(
        Member, models.PROTECT, null=True, blank=True, related_name="documents", verbose_name="bénéficiaire"
    )
    type = models.ForeignKey(DocumentType, models.PROTECT, related_name="documents", verbose_name="pièce")
    blob_key = models.CharField(max_length=80, blank=True, help_text="Vide : le contenu a été effacé.")
    label = models.CharField("nom du fichier ou texte masqué", max_length=120)
    media_type = models.CharField(max_length=40, blank=True)
    declared_value = models.PositiveIntegerField("quotient déclaré", null=True, blank=True)
    is_quarantined = models.BooleanField("non analysée", default=False)
    given_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="donnée par")
    given_at = models.DateTimeField("donnée le", default=timezone.now)
    expires_on = models.DateField("valable jusqu’au", null=True, blank=True)
    status = models.CharField("statut", max_length=10, choices=Status.choices, default=Status.PENDING)
    decided_at = models.DateTimeField("décidée le", null=True, blank=True)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="par")
    refusal_reason = models.TextField("motif du refus", blank=True)
    replaced_at = models.DateTimeField("remplacée le", null=True, blank=True)
    warned_on = models.DateField(null=True, blank=True)
    objects = SupportingDocumentQuerySet.as_manager()

    class Meta:
        verbose_name = "pièce justificative"
        verbose_name_plural = "pièces justificatives"
        ordering = ["-given_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["family", "member", "type"],
                condition=Q(replaced_at=None),
                nulls_distinct=False,
                name="one_current_document_per_type",
                violation_error_message="Cette pièce vient d’être donnée : rechargez la page.",
            ),
            models.CheckConstraint(
                condition=~Q(status="refused") | ~Q(refusal_reason=""),
                name="document_refusal_has_reason",
                violation_error_message="Un refus a toujours un motif.",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["validated", "refused"]) | Q(decided_at__isnull=False),
                name="document_decision_is_dated",
            ),
        ]
        indexes = [models.Index(fields=["expires_on"], name="document_expiry", condition=Q(replaced_at=None))]

    def __str__(self):
        return f"{self.type} – {self.member or self.family}"

    @property
    def vault_owner(self) -> str:
        """Binds the encrypted content to the family."""
        return f"family:{self.family_id}"

    def as_piece(self, mandatory: bool) -> rules.Piece:
        return rules.Piece(name=self.type.name, mandatory=mandatory, status=self.status, expires_on=self.expires_on)


class DocumentReading(models.Model):
    """Who read a document, and when. Rows are never changed."""

    document = models.ForeignKey(SupportingDocument, models.CASCADE, related_name="readings")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = "lecture de pièce"
        verbose_name_plural = "lectures de pièces"
        ordering = ["-at"]

    def __str__(self):
        return f"{self.document} lue par {self.by}"


class AccessRequestQuerySet(models.QuerySet):
    def of(self, user):
        """The requests of a guardian's family."""
        return self.filter(family__guardians__user=user)

    def of_agent(self, agent):
        return self.filter(service__in=Service.objects.of_agent(agent))


class AccessRequest(models.Model):
    """Demande d’accès: a family asks for a service, one line a member. The request is one, for ever."""

    family = models.ForeignKey(Family, models.PROTECT, related_name="access_requests", verbose_name="famille")
    service = models.ForeignKey(Service, models.PROTECT, related_name="access_requests", verbose_name="service")
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="demandée par")
    asked_at = models.DateTimeField("demandée le", default=timezone.now)
    objects = AccessRequestQuerySet.as_manager()

    class Meta:
        verbose_name = "demande d’accès"
        verbose_name_plural = "demandes d’accès"
        ordering = ["asked_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["family", "service"],
                name="one_request_per_family_and_service",
                violation_error_message="Votre famille a déjà demandé ce service.",
            )
        ]

    def __str__(self):
        return f"{self.family} → {self.service}"


class RequestLineQuerySet(models.QuerySet):
    def of(self, user):
        return self.filter(request__family__guardians__user=user)

    def of_agent(self, agent):
        return self.filter(request__service__in=Service.objects.of_agent(agent))

    def to_decide(self):
        """Those that wait for an agent."""
        return self.filter(status=RequestLine.Status.PENDING)


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), model_name="RequestLineEvent")
class RequestLine(models.Model):
    """One member's line of a request, with its own situation and status: booking checks it."""

    class Status(models.TextChoices):
        PENDING = "pending", "En attente"
        INCOMPLETE = "incomplete", "Pièces à compléter"
        ACCEPTED = "accepted", "Valide"
        REFUSED = "refused", "Refusé"
        EXPIRED = "expired", "Expiré"

    ARROWS = {
        Status.PENDING: {Status.ACCEPTED, Status.REFUSED, Status.INCOMPLETE},
        Status.INCOMPLETE: {Status.PENDING, Status.REFUSED},
        Status.ACCEPTED: {Status.EXPIRED, Status.REFUSED, Status.INCOMPLETE},
        Status.EXPIRED: {Status.PENDING, Status.ACCEPTED, Status.REFUSED},
        Status.REFUSED: {Status.PENDING},
    }

    request = models.ForeignKey(AccessRequest, models.CASCADE, related_name="lines", verbose_name="demande")
    member = models.ForeignKey(Member, models.PROTECT, related_name="request_lines", verbose_name="bénéficiaire")
    audience = models.ForeignKey(Audience, models.PROTECT, related_name="+", verbose_name="situation")
    status = models.CharField("statut", max_length=10, choices=Status.choices, default=Status.PENDING)
    asked_at = models.DateTimeField("demandée le", default=timezone.now)
    decided_at = models.DateTimeField("décidée le", null=True, blank=True)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="par")
    reason = models.TextField("motif ou pièces attendues", blank=True)
    objects = RequestLineQuerySet.as_manager()

    class Meta:
        verbose_name = "demande d’accès"  # what agents decide is a line of it
        verbose_name_plural = "demandes d’accès"
        ordering = ["asked_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["request", "member"],
                name="one_line_per_member_and_request",
                violation_error_message="L’accès de cette personne à ce service est déjà demandé.",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["refused", "incomplete"]) | ~Q(reason=""),
                name="request_line_says_why",
                violation_error_message="Dites pourquoi : la famille le lira.",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["accepted", "refused"]) | Q(decided_at__isnull=False),
                name="request_line_decision_is_dated",
            ),
        ]
        indexes = [models.Index(fields=["asked_at"], name="request_line_pending", condition=Q(status="pending"))]

    def __str__(self):
        return f"{self.member} → {self.request.service} / {self.audience.name}"
