"""What beneficiaries, helpers, caregivers and funders are told, by the outbox."""
