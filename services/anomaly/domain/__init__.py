"""What is out of the ordinary about spend: pure rules over hourly totals."""
