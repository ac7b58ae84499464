from django.core.management import BaseCommand

from accounts.signing_in.mfa import current_code
from portal.demo import data


class Command(BaseCommand):
    help = "Print the accounts of the demo."

    def handle(self, *args, **options):
        self.stdout.write(f"Password of every account: {data.PASSWORD}")
        self.stdout.write("  parent, canteen        claire.dupont@demo.example")
        self.stdout.write("  parent, leisure centre jean-paul.dupont@demo.example")
        self.stdout.write("  employer, all orders   D100200, colleague D100200-2, other employer D100300   (/cesu/)")
        self.stdout.write("  employer to sign up    reference D100400, invoice FA-100400-1")
        self.stdout.write("  agent of Saint-Marcel  agent.01371@demo.example   (second factor: /demo/codes/)")
        self.stdout.write("  issuer of the CESU     emetteur@demo.example      (second factor: /demo/codes/)")
        self.stdout.write("  beneficiary of aid     12345678, her daughter anne.lacoste@demo.example   (/aide/)")
        self.stdout.write("  beneficiary to sign up code 23456789, born 28/02/1941")
        self.stdout.write("  funder of aid          apa31@demo.example         (second factor: /demo/codes/)")
        self.stdout.write("  all rights             admin@demo.example         (second factor: /demo/codes/)")
        self.stdout.write(f"Second factor right now: {current_code(data.TOTP_SECRET)}")
