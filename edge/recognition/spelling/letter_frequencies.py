"""Which letters follow one another in words and names, from scripts/make/letters."""

from __future__ import annotations

from typing import Final

WORDS: Final = 1117
"""How many words were counted, each once."""

# Every three letters that occur, with their count where it is not 1; . is a word's edge.
TRIPLES: Final = """
..a76 ..b71 ..c108 ..d66 ..e50 ..f58 ..g35 ..h36 ..i20 ..j25 ..k19 ..l42 ..m50 ..n20 ..o21 ..p80
..q4 ..r47 ..s146 ..t65 ..u10 ..v13 ..w48 ..y6 .ab3 .ac8 .ad7 .af4 .ag2 .ai3 .al14 .am2 .an13 .ap6
.ar5 .as .at3 .au4 .aw .ba11 .be15 .bi6 .bl4 .bo13 .br11 .bu10 .by .ca18 .ce4 .ch20 .ci2 .cl10
.co43 .cr6 .cu4 .cy .da7 .de23 .di13 .do15 .dr6 .du .dy .ea3 .ed3 .ef .eg2 .el5 .em3 .en7 .eq .er
.es .eu .ev5 .ex15 .ey2 .fa11 .fe6 .fi13 .fl5 .fo9 .fr11 .fu3 .ga6 .ge3 .gi3 .gl2 .go6 .gr9 .gu5
.gy .ha12 .he8 .hi4 .ho6 .hu6 .id2 .ig .il2 .im .in11 .ir2 .is .ja4 .je6 .ji2 .jo11 .ju2 .ka7 .ke7
.ki4 .kn .la12 .le7 .li13 .lo7 .lu2 .ly .ma14 .me10 .mi6 .mo16 .mu4 .na4 .ne9 .ni .no4 .nu2 .ob2
.oc2 .od .of4 .ol .on2 .op .or2 .ot .ou3 .ow2 .pa12 .pe9 .ph3 .pi7 .pl4 .pn .po10 .pr26 .ps2 .pu6
.qu4 .ra5 .re26 .ri2 .ro10 .ru3 .ry .sa10 .sc7 .se14 .sh14 .si13 .sk7 .sl5 .sm3 .sn .so17 .sp7
.st26 .su15 .sw6 .sy .ta5 .te12 .th16 .ti4 .to13 .tr10 .tu4 .tw .ug .um .un6 .up2 .va2 .ve3 .vi5
.vl .vo2 .wa14 .we7 .wh8 .wi10 .wo8 .wr .ye4 .yo2 aac abd abe3 abi2 abl3 abo abr ac. aca2 acc3
ace5 ach9 ack8 acr act12 ad.3 add2 ade2 adi5 adj adm2 ado2 adu2 adv af. afe aff3 afr aft2 ag.3
aga4 age3 agg agi agl ago2 agu ah. ai. aid2 aig aii ail2 aim ain10 air5 ais ajo ak. ake5 al.19 ala
alb alc ald3 ale alf alg ali7 alk2 all15 alo2 alp2 alt alu alw am. ama3 amb2 ame6 ami3 amm2 amo3
amp4 amu an.20 ana3 anc8 and19 ang7 ani5 ank ann4 ano2 ans2 ant10 any2 ap.2 apa ape3 apk app8 apt2
apy ar.17 ara4 arc3 ard5 are6 arg2 ari ark3 arm3 arn2 aro5 arr3 ars art3 ary3 as.5 ase6 ash asi
aso3 ass6 ast7 at.9 atc2 ate30 ath11 ati10 ato4 atr2 att3 atu2 auc aud2 aug aul aun2 aur3 aus3 aut
ave4 avi avo aw.2 awa2 awb awe awy ay.15 ayb ayl aym ays aze azi azy bac5 bak bal5 ban bap bar3
bas2 bat bbo bdu be. bea3 bec bed bee bef beg2 bel2 ber9 bet5 bid big bik bil2 bin bir bit3 bje
bla ble5 bli2 blo2 blu boa2 boi bol bon2 boo3 bor4 bot3 bou box boy bra5 bre2 bri4 bro2 bru bry
bst bta btr buf bug bul2 bus2 but4 buy bye ca.4 cab caf cak cal2 cam5 can3 cap car4 cat7 cau cce2
cco ccu ce.30 cea cec cef cei cel2 cem cen4 cep2 cer2 ces4 ch.15 cha6 che10 chi3 chn cho3 chr5 chu
cia4 cid cie3 cif cig cil2 cio cip3 cir cis4 cit ck.16 cke ckg ckl ckp cks cla cle2 cli3 clo5 clu3
co.4 coa cof cog coh col5 com11 con20 coo cop cor3 cot cou5 cov2 cow cra5 cre2 cro cru cry2 cs.4
ct.20 cti8 cto2 ctu cul3 cup cur2 cus3 cy.2 cyn da.8 dai dan2 dar2 dat dau day7 dba dd. ddi ddr
de.10 dea4 deb2 dec4 ded dee2 del dem2 den5 deo dep4 der9 det dev dge di. dia5 dic2 die3 dim2 din2
dip dis6 dit dje dly dmi2 do.2 doc dol4 don4 dop dor7 dou dow2 dra4 dre3 dri2 dro2 dru dry dua2
duc4 dul2 dum dve dwa dy.2 dye ea.4 eac8 ead3 eaf eag2 eak eal5 eam ean3 eap ear8 eas4 eat4 eau
eav eba2 ebo ebr2 eca ece5 ech eci8 eck ecl eco5 ecr ect11 ed.10 eda edb edd edi edr edu4 edw ee.7
eed3 eel eem een5 eep4 eer3 ees eet4 eez ef. efe3 eff2 efi efo2 eft efu2 eg. ega egg egi egl egn
ego2 egy eil eir eit eiv eja el.10 ela2 elc ele5 elf4 elg eli3 ell8 elo5 elp elr ely em. ema emb5
eme2 emi emo4 emp3 en.21 ena2 enc8 end10 ene4 eng3 eni enn2 eno ens2 ent24 env2 eny enz eo. eod2
eom eon eor ep.3 epa epe epf eph3 epl2 epo epr ept2 epy equ3 er.69 era10 erb2 erc erd ere8 erf4
erg eri8 erl2 erm3 ern4 ero err3 ers6 ert4 erv3 erw ery2 es.9 esa esc esd ese esl2 ess13 est9
et.13 eta3 etc2 ete4 eth4 eti3 etr2 ett etw2 ety eug eum2 eut eva3 eve8 evi4 ew.2 ewe ewh ewi ewo
exa3 exc3 exe exh exi2 exp7 ext2 ey.6 eya eyb2 eye2 eze fac2 fai fal2 fam3 fan far2 fat2 fau fav
fe.2 fea fec2 fee3 fen fer6 fet few ff.2 ffa2 ffe4 ffi2 ffo fic4 fig fin6 fio fir2 fis3 fiv fix
fla fle fli flo2 fly2 fol foo2 for10 fou2 fra4 fre4 fri3 fro2 fru ft. fte3 ful3 fum fun3 fus fy.2
ga. gai2 gal gam2 gan4 gar5 gas gay gaz ge.8 geb gel2 gen3 geo ger4 ges get gg. gge2 gh.3 ght5 ghw
gic gin3 gio2 gir gis giv2 gla4 gle gly gna gni go.4 goa gol2 gon2 gor2 got gov gra6 gre2 gri gro2
gry gua gue2 gui3 gum gun gus2 gy.2 gym gyp ha.2 hab had hai3 hal2 ham2 han6 hap3 har has hat5 hav
haw haz he. hea2 hec hed hee3 hei hel6 hen3 heo3 her19 hes hi. hia hib hig2 hil3 hin10 hip hir3
his2 hit hle2 hn. hno ho. hoc2 hol5 hom3 hon hop2 hou3 hov how3 hra hre hri7 ht.2 hte2 htn hua
hug2 hun3 hur hus hwa hy.2 hyl ia.13 iab2 iag ial iam ian3 iar ias iat3 ibi ibl ibu ic.6 ica5 ice7
ici2 ick5 ico2 ics4 ict4 icu id.7 ida ide11 idg ie.7 iec ief ieg ien5 ier2 ies iet2 iew ife2 iff
ifi2 ifu ify ig.2 iga ige igh6 igo2 ii. ika ike3 il.5 ila3 ild2 ile2 ili3 ilk ill7 ilo ilt ilv2
ily2 im.5 ima imb ime3 imi2 imm imp2 ims in.21 ina7 inc8 ind4 ine14 inf2 ing20 ini ink2 inn4 ins4
int7 inu io. iod iol2 ion18 ior iou2 iov ip.4 ipa ipi ipl3 ipp ipt iqu ir.3 ira3 irc ird2 ire7 irl
iro3 irs2 irt2 iry is.5 isa2 isc ise3 isf isg2 ish7 isi2 ism iso iss4 ist12 it.9 ita3 itc ite4
ith4 iti3 itn ito3 itt2 itu3 ity7 itz iva2 ive13 ivi2 ix.2 ixt iza ize6 izo jam jan jap jas jav
jec2 jef jen jes2 jew2 jil jim joa joe2 joh joi jok jon2 jor jos2 joy jun jus ka. kai kan kar2
kat4 ke.11 kee kei ken2 ker2 ket kev key3 kgr kid kim kin5 kip kir kit kle kni kpa ks. ksh2 kst
kun la.6 lac lad lag lam lan8 lap lar4 las4 lat4 lau4 lav law lay2 lbe lch lco ld.9 ldi ldr le.18
lea5 leb lee3 lef leg lej len5 lep les3 let2 lev lex ley3 lf.4 lfi lfr lga lge li. lia5 lic8 lid
lie2 lig2 lik lim lin10 lio lip2 lis3 lit2 liv liz2 lk.3 ll.18 lla3 lle4 lli2 llo6 lly4 lo.3 lob
loc3 lod log3 lom lon4 lop2 lor6 los2 lot2 lou lov low7 lp. lph3 lpt lry lt. lte lti ltu lty luc
lud lue2 luk lum2 lus lut lve3 lvi lwa ly.13 lyd lym ma.2 mac mad mag2 mai maj mak mal3 man6 mar6
mas2 mat3 may mb.2 mba mbe5 mbl mbo mbr me.9 mea2 med2 mee2 mel3 mem3 men9 meo mer5 mes met5 mew2
mex mfo mik mil6 min2 mir3 mis3 mit4 mma3 mme4 mmi3 mmo2 mmu2 mna moc2 moh mok mom2 mon9 moo2 mor4
mos2 mot mou4 mov3 mp.3 mpa mpe mpi2 mpl2 mpt msu msy muc mul mun mus3 mut my.2 na.9 nac nad2 nal4
nam nan4 nap nar2 nas2 nat4 nce18 nch nci4 ncl2 ncr nct ncy nd.24 nda8 nde7 ndl ndo ndr2 ndy ne.22
nea nec2 nee2 neg nel2 ner6 nes net3 neu2 nev nex ney nfl nfo2 nfr nfu ng.21 nga nge6 ngi2 ngr2
ngu2 ni. nia nic2 nie3 nif2 nim nin5 niq nis nit2 niv3 niz2 nk.4 nme2 nna nne3 nni5 nno4 nny noc
noe nol non noo nor2 not2 nou2 nov noy nqu ns. nse5 nsh nsi2 nsp2 nst5 nsu nsw nt.30 nta2 nte7
nth2 nti7 ntm ntr5 nts nue nun nur nve3 nvi2 ny.4 nzo oac oad oan oar2 oas2 oat2 ob. oba obj obo
obs obt oca occ oce3 oci ock5 oco ocr2 oct od. oda2 odo3 odr odu ody oe.3 oel of. off4 oft og. oga
oge ogi ogn ogy2 oha ohn oho oic oil oin2 ok. oke2 oki oks2 ol.5 ola2 old6 ole olf oli6 oll4 olo5
olp olv2 oly om.4 oma4 ome12 omf omm9 omo omy on.31 ona7 onc ond3 one11 onf3 ong2 oni3 onm onn4
onq ons5 ont7 onv3 oo. oof ook3 ool oom2 oon3 oop2 oor oot2 op.5 opa opc ope7 opo opr opt2 or.13
ora4 orb ord3 ore10 org3 ori6 ork5 orm4 orn4 oro orr4 ors ort4 ory3 osa ose4 osh2 osi4 osq oss
ost3 ot.2 ota3 otb ote oth5 oti3 otl ott2 ouc oud oug3 oul oun10 oup2 our4 ous6 out5 ova ove9 ovi
ow.11 owe6 owl own4 ox. oy.2 oyc pab pac3 pag2 pai4 pal pan2 pap par2 pas pat3 pco pe.6 pea3 pec5
pel pen6 per12 pet pfa ph. pha3 phe phi pho phr phy pic4 pid2 pig pil pin2 pir pit3 pki pla4 ple5
plo plu ply2 pne poi pon poo2 pop2 pos6 pot2 pou pow ppe ppl ppo2 ppr4 ppy pra3 pre13 pri11 pro9
pse pst psy2 pt.5 pte pti pto2 ptu pub2 pur4 py.3 qua2 que4 qui4 ra.6 rac5 rad4 raf2 rag4 rah rai3
ral6 ram2 ran9 rap2 ras5 rat12 rav raw4 ray4 raz rb.3 rbi rch2 rci rcl rco rcu rd.8 rda2 rde rdo
re.23 rea13 rec11 red4 ree5 ref5 reg rel2 rem2 ren11 rep2 req2 res9 ret6 rev2 rey2 rfa rfe rfl rfu
rga2 rge2 rgi2 ria4 rib ric4 rid5 rie5 rig rik ril rim2 rin10 rio3 rip ris8 rit2 riv riz2 rk.6
rke2 rks rla rle2 rm.3 rma2 rme2 rmi rmo rmy rn.3 rna3 rni2 rnm rno ro. roa3 rob2 roc2 rod2 rog3
rok rol4 ron6 roo4 rop4 ros4 rot2 rou3 rov row2 rpl rpo rpr rra rre3 rri rro2 rry5 rs.4 rsa2 rse2
rsi rsp rst rsu rt.7 rta rte rth2 rti rtl rtm rtu ruc3 rud rue rug rui2 run rus rut rve rvi rvo
rwe ry.20 rya2 ryl rys sa.3 saa sab sal2 sam san4 sar3 sat3 sau say sba sca sch sci3 sco3 scu sda
se.17 sea seb sec2 sed2 see2 sel5 sem sen2 ser4 ses2 set3 seu sev2 sfy sgu2 sh.7 sha3 she4 shi6
sho5 shr shu shy sia sic2 sid3 sie sil3 sim sin2 sir sit8 siv six2 siz ska ske ski4 sku sla sle3
sli2 slo sma smi smo2 sna soc2 sod sol5 som6 son4 soo sor2 sou2 spa spe6 spi3 spr2 squ ss.15 ssa2
sse4 ssi sso2 st.18 sta13 ste10 sti8 stl stm sto5 stp str13 stu4 sub sue sug2 sui sum3 sun3 sup
sur3 sus3 swa swe swi5 sy. syc2 sym ta.2 tab tac2 tai4 tak tal5 tam2 tan4 tar5 tas tat3 tau tba
tch5 te.33 tea4 tec2 ted2 tee3 tef tem3 ten6 tep3 ter25 tes2 tev2 tex th.12 tha3 the15 thi7 thl2
tho4 thr2 thy tia3 tic5 tif4 tig tim2 tin5 tio16 tip2 tir tis4 tit2 tiv6 tiz tla tle3 tma tme2 tne
tni to.3 toa tob tod toe tom5 ton top3 tor11 tot tou tow3 tpo tra13 tre5 tri5 tro4 tru4 try3 ts.
tsi tte7 tti ttl tto2 tua tub tuc tud tue tup tur9 tut2 twe twi two ty.9 tze ua. uag ual2 uat3 ubb
ubl2 ubt uca2 uce3 uch2 uck2 uct2 ucy ud. ude3 udi udr ue.5 uee uel2 uer ues3 uff ug.3 uga uge ugg
ugh3 ugl2 ugo uic uie uil uin uir uis uit4 uke ul.5 ule ull2 ulp ult3 ulu um.3 umb2 ume2 umm2 umo
ums un.4 unc3 und8 une2 ung2 uni3 unk uns4 unt6 up.3 upe upi ups2 ur.4 ura2 urb urc urd ure8 urk
urp3 urr2 urs2 urt2 us.8 usa2 usb use5 ush usi usp2 ust7 ut.3 ute3 uth2 uti2 uto utr uts utt3 uy.
va. vac2 val van2 vat2 ve.21 vel3 vem ven5 ver15 via2 vic vid vie3 vil vin2 vio2 vir vis2 vit viv
vla voi vol vor vou wai wak wal3 wan3 war4 was wat4 way3 wbe wea3 wed wee2 wei wel2 wen2 wer5 wes2
wha2 whe3 whi3 who wid wil2 wim3 win5 wis wit5 wl. wn.3 wns wom wor8 wow wra wye xac xag xam xce
xci xcu xer xhi xib xic xpa xpe5 xpr xt.2 xte ya. yan2 yba ybe ybo yce ych2 ydi ye.2 yea yeg yel
yer yes3 yl. yla yll ymb ymn ymo ymp ynt yol you ypt ys. yst zab ze.7 zel zer zin zo. zon zy.
"""
