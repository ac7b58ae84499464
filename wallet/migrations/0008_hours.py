"""Balances of hours: an account of hours keeps its minutes beside its cents, and both end together."""

from importlib import import_module

from django.db import migrations, models

OPEN = """
CREATE OR REPLACE FUNCTION wallet_open_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO wallet_balance (account_id, cents, minutes)
    VALUES (NEW.id, 0, CASE WHEN NEW.kind = 'aid_hours' THEN 0 END);
    RETURN NULL;
END $$;
"""

APPLY = """
CREATE OR REPLACE FUNCTION wallet_apply_transfers() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    overdrawn bigint;
BEGIN
    IF EXISTS (
        SELECT FROM added JOIN wallet_transfer original ON original.id = added.reverses_id
        WHERE (added.source_id, added.target_id, added.cents, added.minutes)
              IS DISTINCT FROM (original.target_id, original.source_id, original.cents, original.minutes)
           OR original.reverses_id IS NOT NULL
    ) THEN
        RAISE EXCEPTION 'a reversal mirrors an original that is not itself a reversal'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'transfer_reversal_mirrors';
    END IF;

    UPDATE wallet_balance
    SET cents = wallet_balance.cents + moved.cents, minutes = wallet_balance.minutes + moved.minutes
    FROM (
        SELECT account_id, sum(cents)::bigint AS cents, sum(minutes)::bigint AS minutes FROM (
            SELECT target_id AS account_id, cents, coalesce(minutes, 0) AS minutes FROM added
            UNION ALL
            SELECT source_id, -cents, -coalesce(minutes, 0) FROM added
        ) AS moves GROUP BY account_id
    ) AS moved
    WHERE wallet_balance.account_id = moved.account_id;

    SELECT spender.account_id INTO overdrawn
    FROM (
        SELECT DISTINCT added.source_id AS account_id
        FROM added JOIN wallet_operation operation ON operation.id = added.operation_id
        WHERE NOT wallet_is_imposed(operation.kind)
    ) AS spender
    JOIN wallet_account account ON account.id = spender.account_id
    JOIN wallet_balance balance ON balance.account_id = spender.account_id
    WHERE balance.cents < account.floor
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'account % would go below its floor', overdrawn
            USING ERRCODE = 'check_violation', CONSTRAINT = 'transfer_floor';
    END IF;
    RETURN NULL;
END $$;
"""
BEFORE = import_module("wallet.migrations.0004_imposed_kinds").AFTER
OPEN_BEFORE = OPEN.replace("(account_id, cents, minutes)", "(account_id, cents)").replace(
    "(NEW.id, 0, CASE WHEN NEW.kind = 'aid_hours' THEN 0 END)", "(NEW.id, 0)"
)


class Migration(migrations.Migration):

    dependencies = [
        ('wallet', '0007_initial'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='account',
            name='account_floor_where_a_balance_is_kept',
        ),
        migrations.AddField(
            model_name='balance',
            name='minutes',
            field=models.BigIntegerField(null=True, verbose_name='solde, en minutes'),
        ),
        migrations.AlterField(
            model_name='account',
            name='kind',
            field=models.CharField(choices=[('wallet', 'Porte-monnaie'), ('arrears', 'Reste dû'), ('hold', 'Somme mise de côté'), ('employer', 'Employeur'), ('aid_right', 'Droit d’aide'), ('aid_hours', 'Droit d’aide en heures'), ('revenue', 'Recettes d’un service'), ('card', 'Encaissements par carte'), ('cash', 'Espèces'), ('cheque', 'Chèques'), ('bank_transfer', 'Virements'), ('direct_debit', 'Prélèvements'), ('opening', 'Reprise des soldes'), ('cesu_funder', 'Financeur CESU'), ('caregiver', 'À verser aux intervenants'), ('fees', 'Frais')], max_length=16, verbose_name='nature'),
        ),
        migrations.AlterField(
            model_name='accountevent',
            name='kind',
            field=models.CharField(choices=[('wallet', 'Porte-monnaie'), ('arrears', 'Reste dû'), ('hold', 'Somme mise de côté'), ('employer', 'Employeur'), ('aid_right', 'Droit d’aide'), ('aid_hours', 'Droit d’aide en heures'), ('revenue', 'Recettes d’un service'), ('card', 'Encaissements par carte'), ('cash', 'Espèces'), ('cheque', 'Chèques'), ('bank_transfer', 'Virements'), ('direct_debit', 'Prélèvements'), ('opening', 'Reprise des soldes'), ('cesu_funder', 'Financeur CESU'), ('caregiver', 'À verser aux intervenants'), ('fees', 'Frais')], max_length=16, verbose_name='nature'),
        ),
        migrations.AlterField(
            model_name='operation',
            name='kind',
            field=models.CharField(choices=[('booking', 'Réservations'), ('cancellation', 'Annulation'), ('counter_credit', 'Règlement au guichet'), ('card_credit', 'Paiement par carte'), ('direct_debit', 'Prélèvement'), ('hold', 'Mise de côté'), ('partial_refund', 'Remboursement sur carte'), ('card_refund', 'Remboursement fait chez Stripe'), ('bank_refund', 'Remboursement par virement'), ('cesu_order', 'Commande de CESU'), ('employer_credit', 'Virement d’un employeur'), ('ecesu_credit', 'e-CESU crédités'), ('aid_credit', 'Droits du mois'), ('aid_correction', 'Correction des droits'), ('aid_return', 'Droits expirés'), ('aid_payment', 'Paiement d’un intervenant'), ('aid_transfer', 'Virement aux intervenants'), ('aid_reject', 'Virement rejeté'), ('opening', 'Reprise de solde'), ('reversal', 'Rectification'), ('dispute', 'Paiement contesté'), ('debit_reject', 'Prélèvement rejeté'), ('bounced_cheque', 'Chèque impayé'), ('deferred_debit', 'Consommation')], max_length=16, verbose_name='nature'),
        ),
        migrations.AddConstraint(
            model_name='account',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('floor__isnull', False), ('kind__in', ('wallet', 'arrears', 'hold', 'employer', 'aid_right', 'aid_hours'))), models.Q(models.Q(('kind__in', ('wallet', 'arrears', 'hold', 'employer', 'aid_right', 'aid_hours')), _negated=True), ('floor', None)), _connector='OR'), name='account_floor_where_a_balance_is_kept', violation_error_message='Un compte a un solde minimum exactement quand son solde est suivi.'),
        ),
        migrations.AddConstraint(
            model_name='balance',
            constraint=models.CheckConstraint(condition=models.Q(('minutes', None), models.Q(('cents', 0), ('minutes', 0)), models.Q(('cents__gt', 0), ('minutes__gt', 0)), _connector='OR'), name='balance_of_hours_and_cents'),
        ),
        migrations.RunSQL([APPLY, OPEN], [BEFORE, OPEN_BEFORE]),
    ]
