"""The menu of the employers' space, in the words of guide 000: each part with its entries (label, name of the page)."""

MENU = [
    ("Accueil", [("Accueil", "cesu:home")]),
    (
        "Espace Commandes",
        [
            ("Commandes", "cesu:orders"),
            ("Historique des commandes", "cesu:history"),
            ("Opposition", "cesu:oppositions"),
            ("Relevé", "cesu:statement"),
        ],
    ),
    ("Données financeur", [("Bénéficiaires", "cesu:beneficiaries")]),
    ("Profil gestionnaire", [("Coordonnées", "cesu:profile")]),
    ("Documents utiles", [("Documents utiles", "cesu:documents")]),
    ("Besoin d’aide", [("Besoin d’aide", "cesu:help")]),
]
