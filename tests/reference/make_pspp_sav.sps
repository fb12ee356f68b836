* Synthetic answers for tests/unit/sources: makes tests/reference/pspp_wave.sav with GNU PSPP.
* Run once in tests/reference:  pspp make_pspp_sav.sps
* PSPP 1.6.2 of Debian 12 made the file that is committed. No real person answered anything here.
SET LOCALE = "UTF-8".
DATA LIST LIST (",") NOTABLE / id (F8.0) int_date (EDATE10) obl (F3.0) tip (F1.0) str (A12) psu (F6.0)
  pol (F1.0) vozrast (F3.0) nac (F3.0) yazyk (A2) ves (F8.4) fio (A40) q1 (F2.0) q2 (F2.0).
BEGIN DATA
1,03.09.2026,71,1,KZ-71-u,7101,1,34,1,kk,1.25,Synthetic Person One,5,4
2,04.09.2026,11,2,KZ-11-r,1102,2,61,2,ru,0.80,Synthetic Person Two,98,2
3,05.09.2026,61,2,KZ-61-r,6103,2,45,3,kk,2.00,Synthetic Person Three,99,97
4,06.09.2026,75,1,KZ-75-u,7504,1,19,1,ru,1.00,Synthetic Person Four,,1
END DATA.
VARIABLE LABELS q1 "Елімізде әр этнос өкілдері тату тұрады / В стране люди разных этносов живут дружно (synthetic)".
VALUE LABELS q1 1 "мүлде келіспеймін" 5 "толық келісемін" 98 "білмеймін" 99 "жауап бергім келмейді"
  / pol 1 "ер" 2 "әйел" / nac 1 "қазақ" 2 "орыс" 3 "өзбек".
MISSING VALUES q1 q2 (97 THRU 99).
SAVE OUTFILE = "pspp_wave.sav".
