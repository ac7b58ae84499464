from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("lib", "0005_brakes")]
    operations = [
        migrations.AddField(
            model_name="authority",
            name="security_contact",
            field=models.EmailField(
                blank=True,
                help_text="Publiée dans /.well-known/security.txt. Vide : l’adresse e-mail de contact.",
                max_length=254,
                verbose_name="adresse e-mail pour signaler une faille de sécurité",
            ),
        ),
    ]
