"""Which roles open which of the agents' pages (names below « admin: »); any other page is shut for all of them."""

OPENED = {
    "gestionnaire": """
        accounts_agent_add accounts_agent_changelist
    """,
    "guichet gestionnaire": """
        accounts_user_courriers accounts_user_fermer accounts_user_lien accounts_user_refuser
        accounts_user_valider desk desk_book desk_cancel desk_family families_family_beneficiaire
        families_family_certifier families_family_classes families_family_quotient families_family_relier
        families_identitychange_change families_identitychange_changelist families_identitychange_decision
        families_identitychange_history family_import family_import_confirm family_import_model family_new
        family_note_end portal_contactmessage_change portal_contactmessage_changelist
        portal_contactmessage_history reservations_absence_decision services_requestline_accepter
        services_requestline_change services_requestline_changelist services_requestline_history
        services_requestline_pieces services_requestline_refuser services_supportingdocument_change
        services_supportingdocument_changelist services_supportingdocument_history
        services_supportingdocument_refuser services_supportingdocument_valider
    """,
    "regisseur gestionnaire": """
        accounting_month accounting_month_csv accounting_month_pdf wallet_bankrefund_change
        wallet_bankrefund_changelist wallet_bankrefund_history wallet_cancel_credit wallet_cardpayment_change
        wallet_cardpayment_changelist wallet_cardpayment_history wallet_counterpayment_add
        wallet_counterpayment_change wallet_counterpayment_changelist wallet_counterpayment_history
        wallet_credit wallet_directdebit_change wallet_directdebit_changelist wallet_directdebit_history
        wallet_exemption wallet_operation_change wallet_operation_changelist wallet_operation_history
    """,
    "responsable gestionnaire": """
        closing families_roll_over families_schoolclass_add portal_kitchen_add portal_kitchen_copy
        portal_kitchen_menus portal_news_add portal_news_change portal_news_changelist portal_news_history
        portal_review_change portal_review_changelist portal_review_history reservations_activity_add
        reservations_change_change reservations_change_changelist reservations_change_handle
        reservations_change_history services_service_add
    """,
    "animateur responsable gestionnaire": """
        attendance_add attendance_send families_healthfile_change families_healthfile_changelist
        families_healthfile_history headcount_children portal_kitchen_change portal_kitchen_changelist
        portal_kitchen_history
    """,
    "guichet regisseur gestionnaire": """
        accounts_user_change accounts_user_changelist accounts_user_history families_family_change
        families_family_changelist families_family_history families_sepamandate_arreter
        families_sepamandate_change families_sepamandate_changelist families_sepamandate_history family_file
        reservations_order_change reservations_order_changelist reservations_order_history
        wallet_wallet_change wallet_wallet_changelist wallet_wallet_history
    """,
    "guichet responsable gestionnaire": """
        reservations_absence_change reservations_absence_changelist reservations_absence_history
        reservations_activity_change reservations_activity_changelist reservations_activity_history
        reservations_waitlistentry_change reservations_waitlistentry_changelist
        reservations_waitlistentry_history services_service_change services_service_changelist
        services_service_history
    """,
    "responsable consultation gestionnaire": """
        figures figures_xlsx
    """,
    "animateur guichet responsable gestionnaire": """
        attendance attendance_day calendar headcounts headcounts_pdf reservations_session_change
        reservations_session_changelist reservations_session_history
    """,
    "guichet regisseur responsable gestionnaire": """
        families_school_change families_school_changelist families_school_history families_schoolclass_change
        families_schoolclass_changelist families_schoolclass_history families_schooling_change
        families_schooling_changelist families_schooling_history reservations_booking_change
        reservations_booking_changelist reservations_booking_history
    """,
    "animateur guichet regisseur responsable consultation gestionnaire": """
        app_list index jsi18n logout password_change password_change_done reservations_absence_proof search
        services_supportingdocument_ouvrir settings
    """,
}
