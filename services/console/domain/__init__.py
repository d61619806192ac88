"""What the console computes itself: queries from parameters, periods, forecasts, movers, and figures for people."""
