"""The countries that addresses are in: their ISO codes, their names in English, and other names that people write.

The names stand here, since those of the data of addresses are in capitals and short ("CZECH REP."). A test holds the
codes against that data. Some codes are only reserved by ISO: Ascension (AC), Tristan da Cunha (TA), Kosovo (XK).
"""

NAMES = dict(
    entry.split(" ", 1)
    for line in """\
AC Ascension Island | AD Andorra | AE United Arab Emirates | AF Afghanistan | AG Antigua and Barbuda | AI Anguilla
AL Albania | AM Armenia | AO Angola | AQ Antarctica | AR Argentina | AS American Samoa | AT Austria | AU Australia
AW Aruba | AX Åland Islands | AZ Azerbaijan | BA Bosnia and Herzegovina | BB Barbados | BD Bangladesh | BE Belgium
BF Burkina Faso | BG Bulgaria | BH Bahrain | BI Burundi | BJ Benin | BL Saint Barthélemy | BM Bermuda | BN Brunei
BO Bolivia | BQ Bonaire, Sint Eustatius and Saba | BR Brazil | BS Bahamas | BT Bhutan | BV Bouvet Island
BW Botswana | BY Belarus | BZ Belize | CA Canada | CC Cocos (Keeling) Islands | CD Congo, Democratic Republic
CF Central African Republic | CG Congo, Republic | CH Switzerland | CI Côte d'Ivoire | CK Cook Islands | CL Chile
CM Cameroon | CN China | CO Colombia | CR Costa Rica | CU Cuba | CV Cape Verde | CW Curaçao | CX Christmas Island
CY Cyprus | CZ Czechia | DE Germany | DJ Djibouti | DK Denmark | DM Dominica | DO Dominican Republic | DZ Algeria
EC Ecuador | EE Estonia | EG Egypt | EH Western Sahara | ER Eritrea | ES Spain | ET Ethiopia | FI Finland | FJ Fiji
FK Falkland Islands | FM Micronesia | FO Faroe Islands | FR France | GA Gabon | GB United Kingdom | GD Grenada
GE Georgia | GF French Guiana | GG Guernsey | GH Ghana | GI Gibraltar | GL Greenland | GM Gambia | GN Guinea
GP Guadeloupe | GQ Equatorial Guinea | GR Greece | GS South Georgia and the South Sandwich Islands | GT Guatemala
GU Guam | GW Guinea-Bissau | GY Guyana | HK Hong Kong | HM Heard Island and McDonald Islands | HN Honduras
HR Croatia | HT Haiti | HU Hungary | ID Indonesia | IE Ireland | IL Israel | IM Isle of Man | IN India
IO British Indian Ocean Territory | IQ Iraq | IR Iran | IS Iceland | IT Italy | JE Jersey | JM Jamaica | JO Jordan
JP Japan | KE Kenya | KG Kyrgyzstan | KH Cambodia | KI Kiribati | KM Comoros | KN Saint Kitts and Nevis
KP North Korea | KR South Korea | KW Kuwait | KY Cayman Islands | KZ Kazakhstan | LA Laos | LB Lebanon
LC Saint Lucia | LI Liechtenstein | LK Sri Lanka | LR Liberia | LS Lesotho | LT Lithuania | LU Luxembourg
LV Latvia | LY Libya | MA Morocco | MC Monaco | MD Moldova | ME Montenegro | MF Saint Martin | MG Madagascar
MH Marshall Islands | MK North Macedonia | ML Mali | MM Myanmar | MN Mongolia | MO Macao
MP Northern Mariana Islands | MQ Martinique | MR Mauritania | MS Montserrat | MT Malta | MU Mauritius | MV Maldives
MW Malawi | MX Mexico | MY Malaysia | MZ Mozambique | NA Namibia | NC New Caledonia | NE Niger | NF Norfolk Island
NG Nigeria | NI Nicaragua | NL Netherlands | NO Norway | NP Nepal | NR Nauru | NU Niue | NZ New Zealand | OM Oman
PA Panama | PE Peru | PF French Polynesia | PG Papua New Guinea | PH Philippines | PK Pakistan | PL Poland
PM Saint Pierre and Miquelon | PN Pitcairn Islands | PR Puerto Rico | PS Palestine | PT Portugal | PW Palau
PY Paraguay | QA Qatar | RE Réunion | RO Romania | RS Serbia | RU Russia | RW Rwanda | SA Saudi Arabia
SB Solomon Islands | SC Seychelles | SD Sudan | SE Sweden | SG Singapore | SH Saint Helena | SI Slovenia
SJ Svalbard and Jan Mayen | SK Slovakia | SL Sierra Leone | SM San Marino | SN Senegal | SO Somalia | SR Suriname
SS South Sudan | ST São Tomé and Príncipe | SV El Salvador | SX Sint Maarten | SY Syria | SZ Eswatini
TA Tristan da Cunha | TC Turks and Caicos Islands | TD Chad | TF French Southern Territories | TG Togo | TH Thailand
TJ Tajikistan | TK Tokelau | TL Timor-Leste | TM Turkmenistan | TN Tunisia | TO Tonga | TR Türkiye
TT Trinidad and Tobago | TV Tuvalu | TW Taiwan | TZ Tanzania | UA Ukraine | UG Uganda
UM United States Minor Outlying Islands | US United States | UY Uruguay | UZ Uzbekistan | VA Vatican City
VC Saint Vincent and the Grenadines | VE Venezuela | VG Virgin Islands, British | VI Virgin Islands, U.S.
VN Vietnam | VU Vanuatu | WF Wallis and Futuna | WS Samoa | XK Kosovo | YE Yemen | YT Mayotte | ZA South Africa
ZM Zambia | ZW Zimbabwe
""".splitlines()
    for entry in line.split(" | ")
)

# Besides names and codes, in whatever case and with or without dots, accents and a leading "the". Three letters are
# taken for a few countries only: a shop that knows ISO's codes of three letters knows those of two as well.
OTHER_NAMES = {
    "BO": ("Plurinational State of Bolivia",),
    "BN": ("Brunei Darussalam",),
    "CD": ("Democratic Republic of the Congo", "DR Congo", "DRC"),
    "CG": ("Republic of the Congo", "Congo"),
    "CI": ("Ivory Coast",),
    "CN": ("People's Republic of China", "PRC"),
    "CV": ("Cabo Verde",),
    "CZ": ("Czech Republic",),
    "DE": ("Deutschland", "Federal Republic of Germany", "BRD", "DEU"),
    "AT": ("Österreich", "AUT"),
    "CH": ("Schweiz", "Suisse", "Svizzera", "Swiss Confederation", "CHE"),
    "ES": ("España",),
    "FK": ("Falkland Islands (Malvinas)",),
    "FM": ("Federated States of Micronesia",),
    "FR": ("FRA",),
    "GB": ("UK", "Great Britain", "Britain", "England", "Scotland", "Wales", "Northern Ireland", "GBR"),
    "HK": ("Hong Kong SAR",),
    "IE": ("Éire", "Republic of Ireland"),
    "IR": ("Islamic Republic of Iran",),
    "IT": ("Italia",),
    "KP": ("Democratic People's Republic of Korea", "DPRK"),
    "KR": ("Republic of Korea", "Korea"),
    "LA": ("Lao People's Democratic Republic", "Lao"),
    "MD": ("Republic of Moldova",),
    "MF": ("Saint Martin (French part)",),
    "MK": ("Macedonia", "Republic of North Macedonia"),
    "MM": ("Burma",),
    "MO": ("Macau", "Macao SAR"),
    "NL": ("Holland", "Nederland"),
    "PN": ("Pitcairn",),
    "PS": ("State of Palestine", "Palestinian Territory", "Palestinian Territories"),
    "RU": ("Russian Federation",),
    "SX": ("Sint Maarten (Dutch part)",),
    "SY": ("Syrian Arab Republic",),
    "SZ": ("Swaziland",),
    "TL": ("East Timor",),
    "TR": ("Turkey",),
    "TW": ("Taiwan, Province of China", "Chinese Taipei"),
    "TZ": ("United Republic of Tanzania",),
    "US": ("USA", "United States of America", "America"),
    "VA": ("Holy See", "Vatican"),
    "VE": ("Bolivarian Republic of Venezuela",),
    "VG": ("British Virgin Islands",),
    "VI": ("United States Virgin Islands", "US Virgin Islands"),
}
