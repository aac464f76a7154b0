"""Words within written values: names of months, codes and signs of currencies."""

from __future__ import annotations

from typing import Final

# By CLDR: English, German, French, Spanish, Italian, Portuguese, Dutch, Polish (also in the genitive, as in a date).
_MONTHS: Final = (
    "january jan januar jän jänner janvier janv enero ene gennaio gen janeiro januari styczeń stycznia sty",
    "february feb februar février févr fevrier fev febrero febbraio fevereiro februari luty lutego lut",
    "march mar märz mär mrz mars marzo março marco maart mrt marzec marca",
    "april apr avril avr abril abr aprile kwiecień kwietnia kwi",
    "may mai mayo maggio mag maio mei maj maja",
    "june jun juni juin junio giugno giu junho czerwiec czerwca cze",
    "july jul juli juillet juil julio luglio lug julho lipiec lipca lip",
    "august aug août aout agosto ago augustus sierpień sierpnia sie",
    "september sep sept septembre septiembre settembre set setembro wrzesień września wrz",
    "october oct oktober okt octobre octubre ottobre ott outubro out październik października paź",
    "november nov novembre noviembre novembro listopad listopada lis",
    "december dec dezember dez décembre déc diciembre dic dicembre dezembro grudzień grudnia gru",
)
MONTHS: Final = {name: number for number, names in enumerate(_MONTHS, 1) for name in names.split()}

_ISO_4217: Final = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF "
    "CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HRK "
    "HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL "
    "MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON "
    "RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH "
    "UGX USD UYU UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWL"
)
CURRENCY_CODES: Final = frozenset(_ISO_4217.split())
# A sign that stands for one currency is the same unit as its code; `$`, `¥` and `kr` stand for several.
CURRENCY_SIGNS: Final = {
    **{"€": "EUR", "£": "GBP", "₹": "INR", "₩": "KRW", "₺": "TRY", "₽": "RUB", "₫": "VND", "₪": "ILS", "₴": "UAH"},
    **{"zł": "PLN", "Kč": "CZK", "US$": "USD", "R$": "BRL", "A$": "AUD", "C$": "CAD", "$": "$", "¥": "¥", "kr": "kr"},
    **{"฿": "THB", "₱": "PHP", "₦": "NGN", "Ft": "HUF", "Fr.": "CHF"},
}  # fmt: skip
