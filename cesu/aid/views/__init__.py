"""The beneficiaries' pages: fetch, read, call, answer."""
