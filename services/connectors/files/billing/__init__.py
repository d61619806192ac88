"""Bills of clouds: FOCUS and AWS Cost and Usage Reports, their AI rows as reported usage."""
