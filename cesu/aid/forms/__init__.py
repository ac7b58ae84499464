"""What beneficiaries, helpers and the funders' staff type."""
