"""The commands `wikiorder finetune`, `wikiorder reproduce` and `wikiorder weights`."""
