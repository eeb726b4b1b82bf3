"""Blank avatars: heads with shoulders of many builds, whatever their colours, sizes and files.

A picture that is the same left and right leaves every other column of the 16 by 16 bits of its PDQ hash to rounding,
so that a copy of another size is far from it by these alone. The columns between them are compared.
"""

from __future__ import annotations

import base64
from functools import cache

import numpy as np
import numpy.typing as npt

from spamclf import kernels

__all__ = ["MOST", "SYMMETRIC", "are_silhouettes"]

#: The bits of a hash's words that a picture shares with its mirror image.
SYMMETRIC = np.uint64(0xAAAAAAAAAAAAAAAA)
#: Bits, of these 128, in which a blank avatar may differ from one of ours. Of 419 photos and drawings that are none the
#: nearest one differs in 29; of 340 blank avatars drawn at random 2 in more than 24.
MOST = 24

# The symmetric bits of 625 of our drawings, light on dark: five sizes and heights of heads, widths and heights of
# shoulders, 256 pixels wide.
_DRAWN = (
    "OOmD4v}-CY+ZNcerL|<+TD7f}B}yu7(pK6s?X_f^)hU&=X-X+;l2qC@?X_f^YD%@GTDmJrmQ>m{?X_f^T9u{c)GKP*wOZ08?X_f^TehW@B+Dvolh"
    "&DLttE_e(j|?xZHg+%64sh#ttE_eHEETl$vSC^Hq@GCttE_eO47CEk}7MObl4JPttE_eQnjVkv}sDRW!e(uy(Nru+a`^*<O^zza@JGEJ*7Ou6789"
    "_%{p!ga@<nJJ*7OuWs9}tn__7@=A3ejJ*7OuN|L3Gl5Wc~#G7)AF{M1i(k1PcG-(PZ%@T5rF{M1iQ|6twjC*Q1!XDEOr6ur7c8#&+8Db7O#$3`Kp"
    "(XGO&6~A_J8B7I##q7};VtkB+BW5#cFZecj8noK;VtkB5@n6G<jE@Lol?d<;VtnCa*VNu9P2LW2GB$NrM-Y##vSv8c|s`T7SICxrM-Y(O*5pO^A0"
    "KF9MJ~+CB1-O8s?3$<_K$s9Mcx~CB1=PcFmc##2IQ1Ino~a1-yY@OHw7-wPl(u%Qo5)Wwm6RT2@MxwcE03nl{=JZM9^Z)k<2mrPd{Dx@6ii?X_f^"
    "YFgB#)s-n~v~Aip?X_f^T2?D*m9=WBB}&pZ&9!8kTT*S4wcRppJ4V`ajU|k8(qu}s<&!4qGQ`?)jU|k8HA>PY)s}6GBF&O!jU|k8N?J5+m9=TAB*"
    "_v+oh6KOQdVi(m1W8*ZQ2sVnI(*K+j7Y><(XnBW5!a(J*7Ou5=<I2l`?KAV%$>3Ii)<qWm+=jl{U>QW}Q;bIi)<qN>XLbm1W5)?3q%|Ii)<q(soO"
    "dwauC;%^Fh7F{M4j6Gj>Kl`+mK;~di-;U)A7c1?QZmGX=!<{Z)<;U(}3O<H!1wdM(Hjv3M(;VtkB+EPuKw8cAWjd9W(;VtnG5=6@~<()e24RgjA;"
    "VtnGa!z@MmGKT~5BO8wp}nAA##wTNwZ<&#4)9X`fxVz#O<Kks^@KU=Eb$ij0lk4=8dA+M^c{PuJ<}HW1-*e^c1#=gg&E=wIno~Z2fcxRsgiC=wAG"
    "R=sW#YBY_%krs<ld5CDoK|t0meJZM9^Xr72o6X_d8WswLVIO|@j1sajHMT9qYAt!>&;&9!8is+DR=l(kKoEostr$+cveskTX4B-J+UD`wkLj3tb7"
    "x+O|7ZIv|1D(#w5jU|k8rD<Aj$&_V_BJC1ZnI(*KsnT|8lC{m6EzJ@}nI(*Ks<moLv^CqZZOIZwnI(;LsU}H!<dyb`D~waZIi)<qvh7-8&6UInVv"
    "SP9Ii)<qrOQ%kn>58cZjExzIi)<qsgh<&lJ%W3?U{1kIi)?rx+O|lG}V(P?Hh95F{M4jyXIM9jJ3u&<2=(|@g=kirj1%o8TXVqu07IT@g=kit($U"
    "4Gt`}9t~t_P;VtzKt2Rs;HpLlYtvSM4;VtnGvSms-<drh!DRahH<1O(Iql|e%Jk=EGFZfg10llSPrX6xld6yjHF8Na00llGrtusa$^OQZ~Eb$iF0"
    "llGryXHuG=9Te=E#Vf}1HGYtrp;Pn#1--mDdQg41H7SsX|<(FDs7f^$tBHFOtB=H+NCYpYD$!4iY3VsOtB=Hm95q`YSOhyx-HvMO|fK|DXFz;N|m"
    "+Rr7hZ0$+2XaTD7H0TBTLiC25jY$+cyf$+YF#YRQ(xJ7k$s+$F4YlBLNqYMM0NI&GO!m?f-pHLaFxN|JTkBJG<}nI(*KX_vKXS~b;@CG8SMnJ0~N"
    "+O;i8I%U<CZHY3*n<tHPo1~38Y8m#OBdj^n7^OVJGNqYfOET1%Vy$z=8KpeKWr?<IN;cIKX03A0d8a(X%eE!TI%SnI?J08Jd#63alBMn1YR!>0?K"
    "x)NbEQ4QJEWarN^#a1<1F)D@FlemW{opO3v!fk<}Kr1@g=nn&AGJ6I_8ygjw!-k^DVUxo3`Z|YR#4Q4LQbI^DXrcGNp|=YK<4h4JpQ2<1F<L^Mtu"
    "VXycUe59|ZlL%pSc=DqU{d&ZQ}4(S8h1HGkxjkDw#YKE1=Ea?W?1HGkx8>WpqVh!=eE#VH@1HGYtcCDFm${F^AIpYr61H7SsO46m>GHa4m+a>K1P"
    "O&7JQWdS0ElQSE+9k;nPO&7JRce*BYD%@$k}b&+O0guFT3WTGN~$H&mMx1iO0#8|TGXZO+A2!cHEEi5%ClveS`wv^W=k^F8*GVE+A*wiQe}y?X$m"
    "yeGHtn1+B2+kRZ5kmN-Aa1Hto4a+9!;2O47CM+A2+wH0?7+nkS8OQj{&#vTNFwWvMd8nrDr3T6T@MZVP6WbF4YWTIW2&Qcan)$tvWPa;-7OTIW2&"
    "McTCGifYZ1=B*>nTIW5(S`sCVI%=5~#3^IWTjxE)(sk{ZCTp5@%_(Nya>hNwQbwKk3~R;}!z|%m(g(E<cFi;78ETAC#x3I>(hs!{MH;k?I%=Ks#w"
    "p_-(+{-|T5{!?a>^Ojj49?C(+;%{Qe};{Zc8%O9Vvzw(+u?wQck&tIBOo!2B-nvLcOJbMj7*jd1@Td4(SKlLcOJbU3%o5Vh%ai9O(zzL%pScT4s$"
    "g;t2899N`Z5L%gMbcFmc#%q#MgIpYlY1N^0bW!f!kv`SiRnYPt3Z7F1%)TL{xC0bf(lC<42Z7F1%l`CqcY1&FkmbKD0Z7F1%rAn<WO44ddw6&5pZ"
    "7F1%)s-nKlu}CCwbha(Z82n<-7;ybB-&a{leUp!EoIDelqGAXZQ5eVvec7i4P}gTwQH&^$x=$nHr0}54P}gTW!f!inpR4hG?kKM31y6P)U_$<v`R"
    "`6WtFz=31y6Pk!GnY<Xb{Xvy`#MEoD5@v~8;<%~DDk_LQ^6DP=s<Wy>mUn{rAT=9RL{DP=sv-I6V-GDgZW<dyP_DdjxFlqG4ZG)h`x&5`zvY2`e_"
    "5#}i(j9W^1=almfX)XAZ^vx>d8FET{hLqC|X)XAZ#T#O+JH}dagtgWjVJ+~JnKEsua?V;}jIqWXVJ+~Nv}K7ZWZPQiowJ5L;VtnO^A0JdJkv_~hq"
    "RacA#DKP#2IR=dBR%b7POcAA#DKPojdL=^G;gA9PyU?A#DNQk!Gzq=3IKhJn@$J0c`=_G|ej_%o}nJJ(m{w1#JP}Wz;omrES`3OSaUKZ7F1%)Rjx"
    "RCCQR%+BDRXZ7F1%m6g(^Es`cmnl+NPZ7F1%rPP%zDYa@!GG&rBO(|rXRh6}BrKL(*B~6kxO(A5P-IPU&C5<vl8|Ibrjb)5;mbKfqEt_IXI^>e}4"
    "P}fowbha(skUrNGR2bi4P}foWz@B4sU=HVX3di331y6P)Rkq*r6tN*ZJD;j8D)(#k#x;6t+`@KbA++RIb}T4w$+*@tuszrVwAJSIb}S<Wz`mKsW!"
    "-3W}UKzIb}S<-IR67vt`SAY?-!<Ib}S<l(kKoCGDDO&6D<=d1XDr5!4-GtufA8!W`3<X)S1zbk!2%t>eyn!W`2c;VtNs#gTT6Ipi5?&N0>=;VtQx"
    "nH0r|C(RpbOfi-m;Vt2Zw$<4(rHy(@3A2_Q;Vt0@^OSL>Euju;3iOx$0c|1Q#Fg@lxu#f44)K=$0c|1Qoe{<@p@ex#4)K=!0c|1Q5%i5arVV>a81"
    "a_y0c`=_G}Rd*tvPZ^dGnU=2W<i0YLXRNv@MowOE%S#Y$;@$O0`weC9Sn-N+i{iZ7F1%Dl68MX|=UVT5ZynO(|rXYD$$<O0^|QYHgCX%_(J@N|lv"
    "bm8EUkYiW|U$uVV{O0rebB&{|~T4s^*jAbly3MJB(ZM`+gdTf*Sjb)5;Dr=Ti$+acQYR!`NnPrS~YTA`rnx*a9YRQt;nPrW0O0`wev?ZAmY00+Mn"
    "PrW03MSQ3<h|xeYRs{gIb|%vDs7Th%{Ap2YK*g%Ib|%vYReWyn<dQ}YKgLzIb}V=N|JTkG9`^NN*VH&IpsaW3MJLjC9RQSNgMW@G37nOI_90yjIo"
    "4SN*wc+@hxqWYK;=c8Ks4LN;%V(;Vo?kYMXZ5JEfg+N;%e^;Vo$gN;1`(GNn0UN_p0t;Vo$gDrMag<c%}NNppsr<1JwaY7WuXJ*5nJN_dx+0c|1Q"
    "Y8lejIj242O8J-e0c|1QNITXY^QAq)O8J)b18pJSI%d@q=B=?pNaL3918pJyYRwUH%sux`dE*xF18pJyX(}z+)@`*VOKQ!M#3^N&+A3?(R!X%cN@"
    ">ZG%qeA=l`2Y=O47CMT5a2w%sFM5DQcy4T9u{RI%(Rr%{gV6S}G}8(xoMqDQS|n$uVu2$trEqR>`&H8)})hoMA09k}1oUOq#XLI&GQuoMA09HENo"
    "5T9T!iYDt^cnPrVLX-XwY(lw=$YDqHInPrW0+A1m9l4X^)X-hKJn`ezPn`+4t#u=rZYfdqi7-cQPGHHu;*)pY_YDqJeIAtxvWy&%|+BT)JYDsgJI"
    "pr<G%PK9~Qe}-cZV7UhG3718k}7G^R?W3E$s6XBGvz(QJ8CJ?UU8&7N=WmT@GWfzX309nS#pIjN@?Sk@hxo!%_?TyQs$krPHDoH^DS)$n=0*_Qq8"
    "sYOliiR^9^YSGHJ;YR*f~}32Vlj^9^YS^A0)2SmUJeN@#<Yf^8-L<|*QaS;oEb4rvG0gKZ)IjVk6H(uTFC4rvDVgKZ)I8)}Uc(haqSSZfCGgKZ)I"
    "cIg>%#u>GQd21f<1AQU?)s`)5mP(SP+iFRY);VRF)wOG?by~EgnrTUr);VRFl_g50N?Nt0l5NSh)H!9DwNkAuTGB0*v}wz>+B0RD)s-!4(o#v4rA"
    "eB$+B0pL)s}6mcG@zflWGa_o?$IBl{M?8P1-btGHn_5m}4z7wN0ue%2H*OHc317m}4z7_0}zE+EQ(mBuP8gnr96&)wL<hl1kaNWl1u|nrDqOl{Tq"
    "5##-i;b542InCC6Sw8g6?$y(%<c1d}bkmoJKwb>$V+EUH6=1F6g66Y<$)s`*k5=M!&<OyPyGUqMBlr?F(HcFGU%^PN%GRG~$wZtjn%vy%E<4EC_("
    "hqG1w9Pu?8B&b3#%bf0(hqG1#hYTS8bY15hH2xT(hqG1l{W3Ea?TmGjA_Ok(+_C}wB?C1X4*5Poomh*(hO-2^@J&=T+$A;2WSKKl5Hjb#2sR+Swc"
    "Lu4rvSal6@url{4lo@=iIW9BB{qlYJromG+G}##-@&9BU5nlYAlnw9Ppp&RX+?Ib#m+l6)cmDbi|6w$;*Pi8Q4$O-W>vs<ld5CDN8jn<b?(O-W>v"
    "rD|GgY0{QTwk4G|O-W>%Em~S?N|e^xwI!A|Nm*o@YSv0h*0oyFB_)<5Nf~UL>5@uHB;AtCF(kEONomZpvSms-ZIaf>GNrX<NomY8B}!Uq%a&H!G^"
    "Mj<NomY8DcV|UnzY)QC8aiGNomY8s+3AfwsqQ)Wu-RlNomY8sdh?w<dM>tGo&@fNl6^DHceV;&63ucW~DL4X-zz{CCXZAn>N%MWTiLGdCff2>5^("
    "nGW6OK<+V19dCfe-vNcLtB-N5~?KP&2dCfS(JH}gTjI-7m=QOnrX-)W-Ce2!E8S<8UrZuM?X-)W-?HXc9JJy);gf*rd=}q{TsWM7Ra@3mgjWwnm="
    "}q~UHf2gWWStVm4K=1Y=}q~UqYhh2Jkyr(2ec>tNo_#3rWtxldDfoO4z&mTNo_#BjXKH+^Oo4cEVTywNo_&DJ7!9H=A6>TJ*5WtNo_&DCe2!E%o)"
    ";-J*5=+OKkzaDYd0aDru5Z+BBuIO-XE<s--R3X-k$`+9jp7O-XE<rLEK|YudEhk|nh^O-XE<Ev2<;O0^`~k|mZlO-XE<YPF?GN-bK_Hf^>vNm*^1"
    ">9r-=YRMAXnq;*$&1uXtvL(qfX^S@666Lif$!W|pC9RfiOEP5IGUc^q$!W|pDYdn0N+rqKcFnfriD}F;s--1LDs9@5Y>hVLnQ6^4i6xCXY8m$0a)"
    "dR8c}Z-uHl>+jNjk=wa*Z{Hc}+a?C9Sq?OD4>k#+^2Xc}+aS>9r-xDrMVJ&Yd=ddCfh;vL)@>YHgZQ%`vu&dCfV)JEfgsNO{Iu!aTJW=}l;tCap8"
    ">31XaD!ab)J=}l>u?YT6`D`uV2&ON3a=}l>ui8bXLYRwzc%rT}s;Z5n6Hl>|9YKaoknK7n3;Z5m><E6PmXyYEz3bduZNo_&D<}LFMY2qBx4)rIzL"
    "2W_5jWOg2YYth`9`PphL2W_5JEe^~Y7O(k7~v-LLv2C7CZ(BTOgZx2S?4tH18qUSTGFMJwrRR{+A^iKY)NgKQnjU&C2O@y+9sv8O-XH=)+?2@YfB"
    "|c+GUltO-XH=T3WTGN-Ztg(ruPD%~@@mTGges(k*Gy(o2>!$r){%+LEP}WJw~-+Ge%3jcLs@(j|qoZA&G~TFkY!jcLs@R!g<DODb*JQq8lbnQ6^4"
    "TH3Xx+AVFGQpvWanQ6^4(zPX&wrxq0O4~N1nQ6^4+IEGv>?vlLQqDD|IZ189Qf-yA%`0V_Qp`1`IZbWjRLixcn`-SE!kIUQIn8au+L9%eGHr<x%9"
    "%EVIn8~;(j}#oBx##+${VJXam{_hQs%w33~A;V!W^}>@l9!$Qq47_8EXw&!WgGE@l9!$%$v1^J8li~$~mSq;Z11=+A^h;a&0;C%6X<V;Z11=Qe~a"
    "CWJx>5+H<Bf<4x%Y(hjwTJZmh`O8BR?0c}aY#u>GQd221xTKNaG0c}aY-8-b6a|}7cTJZ+718qUST4sf{<_&qqTH^+^18qUSQq8rt%qe4zTEjH71"
    "8qUSY1(Pklx-;`+FH%F<VkIr+EPlCwMr#z+Dgf`<XLT*l}cK*wb~_V(n{O5%o%N&DO%E{)|D+wl1rL4%^7W(O44dol%;8wl1q{_%^7W(%Th^~w8<"
    "mwno60roM}xnl2S^v)tV*E63UsjoM}xnHA>pG)sk(AQp=OJooP)oY1%U7mL+YQa?3KNnPbf}+R|&*lx=CYO4~A|nPbf}n^MWP)EQ-sQpz#5I7v<8"
    "GD=!Bl`?HPQpz)?Fwbq{W!e(ul{RfT!r3#1G0$zo%TjKgmSw3j&f9X7G0$z|l2S{Sw9P3b%3EfXGtFt^J3<-ulyNLQ!dl_B@J(q4X3ARRm0~S9!d"
    "T-r@l9z5&01oGljbdB&ROF$@l9z5n^H`bw#_MK&RfPb^G#_7GD_Pv^oc3tm|KQ4^G#_7^G<n&l;bSn3fcp<fNe>?=2&uswZ<*s9@q!8gKbH_jatS"
    "X^M)zo9@_@AgKbH_8&b$I)(vT<Sjz^q1AR%qcFG&Jgc)IsSi=sq2Yo@mEtG0XwAGR&$y!OarWtLSskKU4wbHgNno7yGq#13Qr7c=&ZPF!el1j_Aq"
    "#13QEo$0o(v~f4v`gAHgd1&{Ew*Y(mb7i9B}>{i)Dvx)skBO3G}SU~8%o(WlwnOXr6o#w<&q?=GD;h^lw(aZC2iVj*_LIkHp?5Plw(aZEs}amlD2"
    "K7B+DA6kYmj=t)yy7mbBR=ZQC;Bl4s2`sU*vK#F1t#bIN(9G{;TjB;{Ia&64CTX3BepFvo4<C5cjLo3_m<=Gl9OFvo4fskUlMlJv<X<Xd8dGRJM>"
    "wIoW~Hq?<N&0AuOGRJA-IpkYvl#|9S=UT%yun%bmB#l~1o$`z+##qBPun%bmt+`@JGu90ygj>TjvJYtosWwVmHq;qqj9bDyvkz$pHEhc|=AAL+30"
    "uxQvJGhmp@e%%9McYE2iilnl7C6Rq&;#@v6ejH4%kbyf_+K9tuw+2^OiZK9NP=DgMCTAIp#`x=A3aQJlhVmgMCTACCnRQ#F_UkIl~U{hI~o?YLb-"
    "Nwk4J{NhNKP$=PhPO109`CAG9=%O!2H$(d}kNG;NqYm~Lhl4Wf&$(d}kYEqV3TD7&>HEnG+$(wAmN|lyc*0r{hC2h1M$(wAGN|w~xWQDfGIb|(k+"
    "1bo9S|!?&ZI!g$Gi5Di+1t!BElHAA%e1wcByBZj+1t!BYSNZk+BLP3Wo<QNnaj*GN|n~ymL-;!ZEZB{nM;f_N;ch6#I?4aV{IkI*~=KBI>nMw%{R"
    "1}W^E<L*~=KCZQGK@n>3Y@WG!XRS<4vXN|Myt5+#)~Z7pVuS<4vX+BMqRG^Lg{%`Ie&S<4yYdd8X3j5U@yXDwwO*~|DQVvUl<8Mc%$MlEF?*~|DQ"
    "O`F!*JEWDeOl@Zz*^BrGN;cG*a;3HQO>Jfz*^l`LI%V1tWR*7N4P|5*%Z>R5YJ}0!9JQA54{as>$=Sd*N*&VPd8V}U4s9j;$=QK6Ni)_M^Mtj+3}"
    "q+y%h`c88upZ0<`uDqEoCJ5i`juTV#ShD%r&-#d1Wm5i`jubYHBUo(n*rEnj~#D&Dl(|N-1g5T1vLGk|k|6&6!M-Noz`$O4_xOl4Wf+$(c-(YHGD"
    "wT9PG_mThe$$(v1+N@*=x+9@WMwrwON$(v1+N-AyITFEw)l4LDr$=S>^T5U^`O4>A(l4UJsnc2)UEo+)o%9<sTGHoShncK`WYDy(a+9u_aHq9kun"
    "aj;HN-1sH(rJ>GWXU9Cnaj;HT58P_${V(nvTP;h8Os>sGHIK3${OU7@(pF?8Os^tZA&u5+H!@G_6=o(8Os^tN-AaAT5O%N#tmhRS<4yY+G%N;Qpu"
    "9G%sFI?dCM8&dTt5Q%6o>e(kx{r*~{4nVo5v3T4IE=hAm|**~|F{O)F;2TE?BShCO9G*^BuH%4%(zQp_>7oOxtC!H@X|I&H}k%E>aenPFr+!;Sd|"
    "YEF5=TEiBwmTV<_$=S&^&M9M#TEaZD7HuVbf!V<}No(dA+RinS9$_VXgW1788fuLi!VIyN9N{E%gW179Vr?06${F&Ox#2AJgW179wURAqwoBSHk~"
    "VENY}w6|m9=T5B}&>Qk~VENO_|M`l__hbYT9kuk|k{>&6!P`wOS=DO4@1Cl5K4y&6`b|m6a`R(o0K{wo9}m$(zlam9}lEX3KiSlIAUDjM>dIlqG2"
    ";ZQ5p?lEf`$o!iYbwM#1{%35ujlFc<_ncK}XwbCVR+Db{1w#hYQnaj;Hm9=eYmP<>Pw%ashnM=(xl{Rf5%v)ldl8z-NIm=n&wCyP+$y!XAvW#UUI"
    "m=n&waX%Hno7-*)|q7_Im;R2m6C0(5=zN3)|q4^Im;R2lr?FoHcMMJ)*ECjG0Pd_wdN^jj9bn*k{o3u@ypo<w2dp}8A?pEk{D$q@ypo<g_~xrI?7"
    "41mN{i4@r&69l{RfDa>^O@mOExV;g9(Tv}I{E=F58Knsa14;|=)-wT@}09LrAelK3Sw0olnvq#a`|dCExhmiQ%f0olnvl`~{5@=AG<p7AGi1KG(x"
    "mF6uu;!1mln)4)d1KG(xw9P3e%v)lHn!_w~1KG(xX_mEVwP{LinvzX6WSPyG+Lc<hB}z(dl9J6fWSPyGm9^5PE!t^Gl9I_JZJW)RDb|!NC6sAPmf"
    "G4RZJW)RT9%b<wWUeQw%U>;O`FY`%a+xtCCO@SlG2%GjM>dIlC|13C7No<lF}Jwj9bk!HPw<Ot&(ZUvf4Xjom<T_X_l02wKPeZHrg^|om<T_(w0@"
    "twQWl}Hrh61nN!U(o3`CEr5S2XvYIg_Jj+?*GS!+Ttujgp@|tlZG0R!wWs#C?y*5cZ)|zu9G0R!w%a(NQHD$><)|z4@G0R!wlD6HoCCyuA%9>^@G"
    "0$1!JJy+JrE^MolA7TpaEsXoW|b1;J#t8SmYU-v@sHUD&69SmHRefcmYU}z;g8t|o3_NMHO)z4o|?ui;g8t|HuTvwC5e0Pnv%vm;|<vd^OVu2J>y"
    "Dgmf8b!A=}A6=9Tg+HNr^Ymf8n&0o}<zjg!VLrG{zap3(<&1Kr6#8}^+!r44IFoYM|;2i?g(cGQ_Ar5S5Xn$iwr2i?g(YD$#awI!Nu$&$%7WSPyG"
    "N-f&bCAF4q+LGHgWSPyGN^8=VEtDl`l9JjsWSh;IYf6&RMYU~7w%XbxWSh;IOG=X3wY6<YF4~eLWRp#qN-EXbCABhb8`7C(Bzw&>N^RPbWwmBWGS"
    "Zu7By-I(YHN~K?X+!4HrkqGG;_@}Yf6?{m9<StWZIHsJaf%6ODa;@v?a-DY?`uUG-Js#N@Cp-<+Wx>bDEoGG|SoJYHgBIjWy&+Vwy81G|O4zYRi("
    "wnKaF5W}5OOG|O4zOB#0CH6_Vw?3(f<F~?csN^07YG^Lqs%$o8HF~?csdTyE0jkU&U<C@bXWRKYgYRwYHJ-3W$#+uV4WDnT~NelMaF{B-9%$mY1W"
    "e?d0OCrXbG^H7944T3$;}6*fDsI{mWR)>(2(rdJ=MC8hY7WuDJ+%&L2ik*lB;UzDY6;SgIi?(G4%&lsB;UzDNjugU^MrY84AP2pC*R3`8)ljl<Sl"
    "VeJkp+YC*8?^YR;PSgf-($dD0$qC;iEPN|v>fwrwRP$!$%to111b+O;K?C2b`o+ilIVnVV!YmMxXFYi%WM+HJ`)*_&iDno6~`S|ue?m2Js3*_&iD"
    "T9vhy)+J?@tx3%!*_&)L+P0;VByA;Sn@!DfnVXDak|njaZ7C(~8cj)NnVXDrmT9!L%Oxe5a?MF*nUjojO47Bpnk8kDWzA`3nX`;@(zPX$mThIWZO"
    "LWio3o5_nkJ>P<Sk^4d(COanVT49l4Z5F%^_tyV$EsBnVT49RLQipn`LD)=FMS_nVT5r+Lk4il4UJ6%}Hg9o0}Ntk|m{<G;K9D%}Hg9JDVBj66Ce"
    "EjA0}_!%g8HnVa|~a*Z{%8D%9g&Q0YWk(>A?%o{Y7J7q01&PnAQlbiSk+BT(;a&0wc&1uCPlbiVll4X^)<PA0EiD}F^)0_DQ@&vV(9APB!5A8+%l"
    "be8M#vQekd1o!*4(Uz&lbeBd-7}<>@+CE=4CzhylbeBl8fJyF<}Ed*UFl8ulbeBla?Q22%q?XEdC5%qlbL~jO4@Cbmdmy!l4VUc$(zhG(%MRvw%R"
    "o%l4VUc$(zhGmP%T+lF}t5wr$NM$(zj+np)De(v~GQwr$NM$(zlaTGA^LmbPuQG)c{6*_+Lq+R|x~w%ax(GHp#}nVXz*l3L2Pl$s?aGR;k9nVXz*"
    "luFvQl9FY$HqA+7nUkG!O4=o*lD2KOHqC8hnUkG!($Z^^mSt@;B*|@UnUkG!no`NKmYZfJGR$qp8JihrlFHgPl#*pNHqC9s8JijBRN4~dk}~ZzX3"
    "cHPIhz^h+S+ZMlID#z<cVd>Ihz^hl3GiWw#hLx#TjMIJDVBj63Q92mh+@Frc7-N@tfHua>{z9kn$}xrcLDx@tgSu%-Uj=lEy7JhI!=-@tgSv+EUG"
    "tvdldugn7*@^PBkxl1j_6mYFjo9eK??)0_DR^2&LJoYO2d2JKC3k(+^b##-`(lEOVD7U@lVgPVbV-CD*SvW7h;Ht9`#gPVbV8dA+O)|_!BJmF3Jg"
    "PVbVa>^UFmKkRxIm1ougPDPTEs|?Ww%VE{wl+;<Y@5kBEwxHYHQJITwl+;<O`FY`r722jYSNNzwk6GE&6~}cEn3=XT9Qjvwq?m=&6~}cZMI8Gl9F"
    "1sHc8E8$(zlYZMI8FHrkS9GG<L=jGLKrttCooWtvj$HsncUotv3+C287i%92Q(HqA+7nUk4wEz(M9l9J1|HpyvZnUk4wEu>3JveMc%B->?enUk4w"
    "DK^P!#G2AAHil_rIh&d1C2d-2&63VNHjHURIh&d1CCgfEnv%&gHl1NiIh&d1ZIWt9lG58YrkQ0-Ihz^htt3lIHrkptq!VRLF`F6ZDdtORjMB<Awj"
    "AM1@tfHPC5>8cnbM9iraa|r@tfHPZJTOIGSZndra9$o@tfHPsWwVWGTNJF6f?za<D2;hC2Y%j=9&`bG&9X@<D2;hVGMgp9MYcgHuyzs0h^hA<sE8"
    "F`O=u-Ht<bsft#6rEi=kV@|M}BHt|ht1Dk<=DQ3xQ=9>GaH1kbt1Dk<=CCyu6&YIE$G~-Nd1DSz;X|<(FZEf0Zk~Ym`WSiNU+NC8*ZOWQSk~Ya?Y"
    "@5lMl_ivIY0{cYwl>LRZJWuNB_*|KNtW8$wl>>jO`FM?Rkfu_X(HO%Ha3!E&6CNQ%e5s+ZONL=GB%lH%#)dOk|mvLZJN@_GPapy&6AmPH7%BHX_C"
    "s@HntmNjkB3^ZMC&&NhaFbHj*=BjkB3^)wLx_ZED(*CXzO6nX{R5n<b5UZJE-^GM0H{Jd>H{G9{5}O)|=vHkNTrJ(HQ|Wvw=CNjAzGCYEzdd6Svv"
    "$+aa(DQ4RerjlYzag&+jl_l-TZOEE(<}zkXaf2D-JEfgsO>@dwrZ(Yh;G5Y8cC9mRY4X}xrZ(ej;hWh9&9yX5Y37>yrZVGf;hWh9nKk7}Wz3u6gf"
    "hl#;hWh9H6@)XZHt=59x}#k<Dc0F^ChuLZR48RCb9!;L7SO><~_GeX~vqvHnIn70h^hBjWwi6X@=UvHnIn71)G_F5haazWenTKJhBdK2b+n1HKjR"
    "WO&ikAGO`S92f2xVTH3XeC2g9^%Ql;2WSg0p(v~HbEp3v?+BTbHWSiNUl1h}cZEdB?k~W%TY@5lM(pt2&O(iMYvNn=rZIj8F+S0VOZ6!(DA~KR>O"
    "_Rx)+L9%bWo<Ian>L$dOtYDD(qxskZ7nv*GPav!Of#8tl1sF-NhNLDGPaUrO*5G@TGF(&%_T|OW|FdGO|zME+LAPtC2h%@YLYT+4KtZ@+H!@mZ7t"
    "%-bCxq?Y{Qx3l1-Ji%_YX$VwN++Y{Qx3QronpNhQtO=8`hZZNr)4+LAPtHD$@$&XO`rWrvyL+IEzcC2gBa$})D$WrvyL(#Ey64PnOF!#1-_WSf}>"
    "(#bWn31y7i#x}D|Wt-Ut%9}KmIc1sK&N7m0WuMsx+A`#kWo;SD%rb^-WuMsx5=N9YWeq#ZnlgrL<sI1v($2M(EoBbb53-YNWSg0P))}{yd1V~S4z"
    "d$$Wt*9Q+Eb*RVJ$h!46+t%WuKXUn&y--<t_Wm7_t^@N4=SUa>SH1%{}AF7_uJhNBxn1"
)


def are_silhouettes(words: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
    """Tell which photos are blank avatars by their hashes, shape (n, 4).

    Examples
    --------
    >>> from spamclf.campaigns.photos import from_hex
    >>> are_silhouettes(from_hex(["6278e7999a66be668798596179e686986719a5861a799869168669e645a7fa5a", "0f" * 32]))
    array([ True, False])
    """
    found = np.zeros(len(words), np.bool_)
    kernels.banks.near_any(np.ascontiguousarray(words & SYMMETRIC), _bank(), MOST, found)
    return found


@cache
def _bank() -> npt.NDArray[np.uint64]:
    drawn = np.unpackbits(np.frombuffer(base64.b85decode("".join(_DRAWN)), np.uint8)).reshape(-1, 128)
    bits = np.zeros((len(drawn), 256), np.uint8)
    bits[:, ::2] = drawn
    light: npt.NDArray[np.uint64] = np.packbits(bits, axis=1).view(">u8").astype(np.uint64)
    return np.concatenate([light, light ^ SYMMETRIC])  # dark on light all signs are the other way round
