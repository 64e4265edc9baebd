"""The verbs: plan, train, check, certify, dossier; the only room that may open a seal."""
