"""The pass: a ticket on its way from the portal to its write-off."""
