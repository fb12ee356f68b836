"""Survey method: design-based estimates, weights, small areas, and what may be published of them."""
