"""What is booked: activities, their days and prices, the cart, bookings, waiting lists, the day itself, the back office.

A booking walks down: urls, views, forms, actions, emails, reads, models, rules (docs/architecture.md).
"""
