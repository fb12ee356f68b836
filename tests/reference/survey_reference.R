# Reference numbers of the R packages survey and metafor on synthetic data made here.
# Run once:  Rscript tests/reference/survey_reference.R tests/reference/survey_reference.json
# Debian: r-base-core r-cran-survey r-cran-metafor r-cran-jsonlite. The tests read the JSON, not R.
suppressMessages({ library(survey); library(metafor); library(jsonlite) })
set.seed(20260701)

# A synthetic two-stage sample: 6 strata with letters for names, 3 to 5 villages each, 4 to 9 people a village.
strata <- c("abai", "akmola", "atyrau", "jetisu", "ulytau", "zhambyl")
villages <- c(4, 3, 5, 4, 3, 4)
exist <- c(40, 25, 90, 33, 12, 60)
rows <- list()
for (h in seq_along(strata)) for (v in seq_len(villages[h])) {
  size <- sample(30:80, 1); n <- sample(4:9, 1); lean <- rnorm(1, 0, 0.8)
  latent <- lean + rnorm(n) + 0.15 * h
  rows[[length(rows) + 1]] <- data.frame(
    stratum = strata[h], village = v, person = seq_len(n), villages_exist = exist[h], people_exist = size,
    trust = round(50 + 12 * latent, 3), friend = ifelse(latent > 0.1, "Yes", "No"),
    answer = c("agree", "disagree", "neither")[1 + (latent < 0) + (latent < -0.9)],
    talks = rpois(n, 3 + (latent > 0)), hours = round(rgamma(n, 6, 1), 2) + 1,
    sex = sample(c("f", "m"), n, TRUE), age = sample(c("18-34", "35-54", "55+"), n, TRUE),
    weight = round(exist[h] / villages[h] * size / n * runif(1, 0.9, 1.2), 4))
}
d <- do.call(rbind, rows)
d$trust[c(5, 33, 60, 61)] <- NA
d$friend[c(2, 47)] <- NA
d$answer[c(9, 90)] <- NA
d$yes <- as.numeric(d$friend == "Yes")

out <- list()
se_of <- function(x) as.numeric(SE(x))
stat <- function(x, df) {
  i <- confint(x, df = df)
  list(est = as.numeric(coef(x)), se = se_of(x), lo = as.numeric(i[, 1]), hi = as.numeric(i[, 2]), df = df)
}
put <- function(name, value) out[[name]] <<- value
designs <- list(
  two_stage = svydesign(id = ~village + person, strata = ~stratum, weights = ~weight,
                        fpc = ~villages_exist + people_exist, nest = TRUE, data = d),
  implied = svydesign(id = ~village + person, strata = ~stratum, fpc = ~villages_exist + people_exist,
                      nest = TRUE, data = d),
  replacement = svydesign(id = ~village, strata = ~stratum, weights = ~weight, nest = TRUE, data = d),
  one_stage = svydesign(id = ~village, strata = ~stratum, weights = ~weight, fpc = ~villages_exist,
                        nest = TRUE, data = d),
  people = svydesign(id = ~1, weights = ~weight, data = d))
for (name in names(designs)) {
  s <- designs[[name]]; df <- degf(s); key <- function(what) paste(name, what, sep = ".")
  m <- svymean(~trust, s, na.rm = TRUE, deff = "replace")
  put(key("mean"), c(stat(m, df), list(deff = as.numeric(deff(m)))))
  t <- svytotal(~talks, s, deff = "replace")
  put(key("total"), c(stat(t, df), list(deff = as.numeric(deff(t)))))
  r <- svyratio(~talks, ~hours, s, deff = "replace")
  put(key("ratio"), c(stat(r, df), list(deff = as.numeric(attr(r, "deff")))))
  b <- svyby(~talks, ~sex, s, svymean, covmat = TRUE, deff = "replace")
  put(key("by_sex"), c(list(sex = as.character(b$sex)), stat(b, df), list(deff = as.numeric(b[[ncol(b)]]))))
  put(key("by_sex_covariance"), unname(vcov(b)))
  k <- svycontrast(b, c(f = 1, m = -1))
  put(key("contrast"), list(est = as.numeric(coef(k)), se = se_of(k)))
  f <- svymean(~answer, s, na.rm = TRUE)
  put(key("levels"), c(list(level = sub("answer", "", names(coef(f)))), stat(f, df)))
  for (method in c("logit", "beta")) {
    p <- svyciprop(~I(friend == "Yes"), s, method = method, na.rm = TRUE)
    put(key(method), list(est = as.numeric(coef(p)), se = sqrt(as.numeric(attr(p, "var"))),
                          lo = confint(p)[1], hi = confint(p)[2], df = df))
    u <- subset(s, age == "55+")
    p <- svyciprop(~I(friend == "Yes"), u, method = method, na.rm = TRUE)
    put(key(paste0(method, "_old")), list(est = as.numeric(coef(p)), se = sqrt(as.numeric(attr(p, "var"))),
                                          lo = confint(p)[1], hi = confint(p)[2], df = degf(u)))
  }
  q <- svyquantile(~trust, s, c(0.1, 0.5, 0.9), na.rm = TRUE)$trust
  put(key("quantiles"), list(est = as.numeric(q[, 1]), lo = as.numeric(q[, 2]), hi = as.numeric(q[, 3]),
                             se = as.numeric(q[, 4])))
}
lonely_rows <- !(d$stratum == "ulytau" & d$village > 1)
for (policy in c("adjust", "average", "certainty", "remove")) {
  options(survey.lonely.psu = policy)
  s <- svydesign(id = ~village, strata = ~stratum, weights = ~weight, nest = TRUE, data = d[lonely_rows, ])
  put(paste0("lonely.", policy), stat(svymean(~trust, s, na.rm = TRUE), degf(s)))
  put(paste0("lonely.", policy, "_total"), stat(svytotal(~talks, s), degf(s)))
}
options(survey.lonely.psu = "fail")

s <- designs$replacement
people <- c(f = 5200, m = 4800)
ages <- c("18-34" = 4100, "35-54" = 3500, "55+" = 2400)
totals <- c(`(Intercept)` = 10000, sexm = 4800, `age35-54` = 3500, `age55+` = 2400, hours = 71000)
calibrated <- list(
  linear = calibrate(s, ~sex + age + hours, totals),
  raking = calibrate(s, ~sex + age + hours, totals, calfun = "raking", epsilon = 1e-12),
  logit = calibrate(s, ~sex + age + hours, totals, calfun = "logit", bounds = c(0.2, 4), epsilon = 1e-12),
  truncated = calibrate(s, ~sex + age + hours, totals, bounds = c(0.2, 4), epsilon = 1e-12))
raked <- rake(s, list(~sex, ~age), list(data.frame(sex = names(people), Freq = people),
                                        data.frame(age = names(ages), Freq = ages)),
              control = list(maxit = 200, epsilon = 1e-10))
calibrated$rake <- raked
for (name in names(calibrated)) {
  cal <- calibrated[[name]]
  put(paste0("calibrated.", name), list(
    weights = as.numeric(weights(cal)), mean = stat(svymean(~talks, cal), degf(cal)),
    total_women = stat(svytotal(~talks, subset(cal, sex == "f")), degf(cal)),
    by_age = stat(svyby(~talks, ~age, cal, svymean), degf(cal))))
}
j <- as.svrepdesign(designs$one_stage, type = "JKn")
put("replicates.JKn", stat(svymean(~talks, j), degf(designs$one_stage)))
j <- as.svrepdesign(designs$people, type = "JK1")
put("replicates.JK1", stat(svyratio(~talks, ~hours, j), degf(designs$people)))

areas <- data.frame(x = round(runif(24, 0, 10), 2), kind = rep(c("a", "b", "c"), 8), variance = round(runif(24, 0.2, 3), 3))
areas$y <- round(2 + 0.5 * areas$x + (areas$kind == "b") + rnorm(24, 0, 1.1) + rnorm(24, 0, sqrt(areas$variance)), 3)
for (method in c("REML", "ML")) {
  f <- rma(y, variance, mods = ~x + kind, data = areas, method = method, control = list(threshold = 1e-12, maxiter = 1000))
  put(paste0("fay_herriot.", method), list(beta = as.numeric(coef(f)), sigma2_v = f$tau2,
                                           eblup = as.numeric(blup(f)$pred), loglik = as.numeric(logLik(f))))
}
put("adjustment", list(p = c(0.2, 0.001, 0.03, 0.04, 0.012, 0.7),
                       holm = p.adjust(c(0.2, 0.001, 0.03, 0.04, 0.012, 0.7), "holm"),
                       bh = p.adjust(c(0.2, 0.001, 0.03, 0.04, 0.012, 0.7), "BH")))

meta <- list(note = "synthetic data; made by survey_reference.R", r = R.version.string,
             survey = as.character(packageVersion("survey")), metafor = as.character(packageVersion("metafor")))
writeLines(toJSON(list(meta = meta, respondents = as.list(d), areas = as.list(areas), results = out),
                  digits = NA, auto_unbox = TRUE, na = "null"), commandArgs(trailingOnly = TRUE)[1])
