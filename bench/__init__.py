"""Figures as ratios within one run: what the product does as a share of the least work this job can cost here."""
