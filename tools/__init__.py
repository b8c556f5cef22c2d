"""Programs for whoever works on Headway; nothing here is part of the product."""
