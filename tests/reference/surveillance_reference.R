# Reference bounds and alarms of R surveillance (1.20.3, R 4.2.2) on synthetic weekly series of our own.
# Run once from the root of the repository: Rscript tests/reference/surveillance_reference.R
# Needs the Debian packages r-cran-surveillance and r-cran-jsonlite.
suppressMessages({
  library(surveillance)
  library(jsonlite)
})
set.seed(20260701)
weeks <- 330
time <- seq_len(weeks)
negative_binomial <- function(mean, dispersion) rnbinom(weeks, size = mean / (dispersion - 1), mu = mean)
season <- cos(2 * pi * time / 52)
series <- list(
  sparse = negative_binomial(rep(0.4, weeks), 1.2),
  middle = negative_binomial(exp(1 + 0.4 * season), 1.8),
  dense = negative_binomial(exp(3.2 + 0.3 * season + 0.002 * time), 3),
  past_outbreaks = negative_binomial(rep(4, weeks), 1.5) + ifelse(time %% 61 < 3, 15, 0),
  quiet_season = rpois(weeks, ifelse(time %% 52 %in% 10:25, 0.01, 3)),
  silent = c(rep(0, weeks - 6), 0, 1, 0, 6, 9, 0)
)
flexible <- list(
  plugin = list(b = 3, w = 3, noPeriods = 10, pastWeeksNotIncluded = 26, weightsThreshold = 2.58,
                pThresholdTrend = 1, alpha = 0.01, trend = TRUE, thresholdMethod = "nbPlugin"),
  muan = list(b = 4, w = 2, noPeriods = 8, pastWeeksNotIncluded = 10, weightsThreshold = 2.58,
              pThresholdTrend = 0.05, alpha = 0.005, trend = TRUE, thresholdMethod = "muan"),
  delta = list(b = 3, w = 4, noPeriods = 1, pastWeeksNotIncluded = 3, weightsThreshold = 1,
               pThresholdTrend = 0.05, alpha = 0.05, trend = TRUE, thresholdMethod = "delta"),
  flat = list(b = 5, w = 3, noPeriods = 10, pastWeeksNotIncluded = 26, weightsThreshold = 2.58,
              pThresholdTrend = 1, alpha = 0.01, trend = FALSE, thresholdMethod = "nbPlugin")
)
range <- 301:330
results <- list()
keep <- function(name, method, options, upperbound, alarm, expected = NULL) {
  results[[length(results) + 1]] <<- list(
    series = name, method = method, options = options,
    upperbound = as.numeric(upperbound), alarm = as.integer(alarm), expected = as.numeric(expected)
  )
}
for (name in names(series)) {
  object <- sts(matrix(series[[name]], ncol = 1), frequency = 52, start = c(2000, 1))
  for (label in names(flexible)) {
    control <- c(flexible[[label]], list(range = range, glmWarnings = FALSE, populationOffset = FALSE))
    fitted <- suppressWarnings(farringtonFlexible(object, control = control))
    keep(name, "farrington_flexible", flexible[[label]], upperbound(fitted)[, 1], alarms(fitted)[, 1],
         fitted@control$expected)
  }
  sink("/dev/null")
  classic <- suppressWarnings(
    algo.farrington(sts2disProg(object), control = list(range = range, b = 3, w = 3, alpha = 0.01))
  )
  sink()
  keep(name, "farrington", list(b = 3, w = 3, alpha = 0.01), classic$upperbound[, 1], classic$alarm[, 1])
  for (method in c("C1", "C2", "C3")) {
    fitted <- earsC(object, control = list(range = range, method = method, alpha = 0.001))
    keep(name, paste0("ears_", tolower(method)), list(alpha = 0.001), upperbound(fitted)[, 1], alarms(fitted)[, 1])
  }
}
text <- toJSON(
  list(made_by = paste("R", getRversion(), "surveillance", packageVersion("surveillance")),
       first = min(range), last = max(range), series = series, results = results),
  auto_unbox = TRUE, digits = 9, na = "null"
)
writeLines(text, "tests/reference/surveillance_reference.json")
