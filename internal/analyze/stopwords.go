package analyze

import "strings"

// stopWords are words that say nothing on their own, folded, by language. They may stand inside a term but not at its
// ends.
var stopWords = [languages]string{
	langEN: `a about above after again against all also although always am among an and another any anyone anything are around as at away
back be became because become been before being below between both but by came can cannot cant come could couldnt did didnt do does doesnt
doing done dont down during each either else enough etc even ever every everyone everything few first for from further gave get gets getting
give given go goes going gone got had hadnt has hasnt have havent having he hed her here hers herself hes him himself his how however i id if ill
im in indeed instead into is isnt it its itself ive just keep kept know last least less let lets like ll lot lots made make makes making many may
maybe me might mine more most much must my myself near need needs neither never next no none nor not nothing now of off often oh ok okay on once one
only onto or other others our ours ourselves out over own per perhaps please put quite rather re really right rt said same say saying says see seem seemed
seems seen she should shouldnt since so some somebody someone something still such sure take taken than that thats the their theirs them themselves
then there theres these they theyre theyve thing things think this those though through thus to today together told tomorrow too took toward under until up upon us use
used using very via want wants was wasnt way we well went were werent weve what whatever when where whether which while who whole whom whose why will
with within without wont would wouldnt yeah yes yesterday yet you youd youll your youre yours yourself youve amp u ur gonna wanna got lol omg`,
	langDE: `ab aber alle allein allem allen aller allerdings alles als also am an andere anderem anderen anderer anderes ans auch auf aus ausser bei beide
beiden beim bereits bin bis bist bitte bloss bzw da dabei dadurch dafur dagegen daher dahin damals damit danach daneben dann daran darauf daraus darf darfst
darin daruber darum darunter das dass davon davor dazu dein deine deinem deinen deiner dem den denen denn dennoch der deren derer des deshalb dessen desto deswegen
die dies diese diesem diesen dieser dieses doch dort du durch durfen durfte ebenso eher eigentlich ein eine einem einen einer eines einfach einige einigen einiger
einiges einmal er erst erste ersten es etwa etwas euch euer eure eurem euren fast fur ganz ganze ganzen gar gegen genau genug gerade gern gerne gewesen gibt ging
hab habe haben habt hast hat hatte hatten hattet hatte heisst her heute hier hin hinter ich ihm ihn ihnen ihr ihre ihrem ihren ihrer ihres im immer in indem ins
ist ja je jede jedem jeden jeder jedes jedoch jemand jetzt kam kann kannst kein keine keinem keinen keiner keines komme kommen kommt konnen konnt konnte konnten
konnte lassen lasst mal man manche mehr mein meine meinem meinen meiner meines mich mir mit mochte muss mussen musst musste mussten nach nachdem nachher nachste naturlich
neben nein nicht nichts nie niemand noch nun nur ob obwohl oder ohne pro rt schon sehr sei seid sein seine seinem seinen seiner seines seit seitdem selber selbst sich
sie sind so sobald sogar solch solche sollen sollte sollten somit sondern sonst sowie statt trotz trotzdem tun uber uberhaupt um und uns unser unsere unserem unseren
unter usw viel viele vielen vielleicht vom von vor vorher wahrend wann war ware waren warst warum was wegen weil weiter weitere welche welchem welchen welcher welches
wem wen wenig wenige wenn wer werde werden werdet weshalb wie wieder wieso wir wird wirklich wirst wo wobei wodurch woher wohin wohl wollen wollte worden wurde wurden
wurde zu zum zur zwar zwei zwischen halt eben mal jo ne nen mega`,
	langFI: `aika aina ainakin ainoa alas alkaa alkoi alla ansiosta asti edes ehka ei eika eivat eli emme en enaa enemman eniten ennen ensi ensin entinen
eraat eri erittain esim esimerkiksi et eteen etta ette haluan haluta han hanelle hanella hanen hanesta hanet heidan heidat heille heilla heista helposti heti
he hyvin ihan ilman itse itsea ja jalkeen jo joiden joihin joille joilla joissa joista joita joka jokainen joku joko jolla jolle jolloin jolta jonka jos joskus
jossa josta jota jotain joten jotka jotta jotakin joutuu juuri kai kaikki kaikkea kaikkien kaksi kanssa kautta keiden kelle kenen kenet kerran kertaa ketka koko
koska koskaan kuin kuinka kuitenkaan kuitenkin kuka kukaan kun kuten kyl kylla lahes lahella lapi liian lisaksi luona me mella meidan meidat meille meilla meista melko
mihin mikaan mika mikali miksi milla mille milloin milta minka minne minun minulla minulle minusta minut mina mista missa mita mitaan miten moi molemmat mones moni
mun mua mulla mulle muita mukaan mukana mutta muu muualla muut muutama muuta myos naiden naissa naista naita nama ne niiden niihin niille niilla niin niinku niissa niista niita
noin no nuo nyt ois olemme olen olet olette oli olimme olin olisi olisin olisivat olit olivat olla olleet ollut oma omaa omat on onko onneksi ovat paitsi pal paljon paljonko
parempi pian pitaa pitaisi pitkin poikki pois puolesta rt saa saada sai sama samaa samalla se sehan seka sellainen sen sentaan siella sielta siihen siina siis siita
sille silla silloin silta sina sinne sinua sinulla sinulle sinun sitten sita suoraan sun sua sulla taa taalla taalta taas taman tama tana tanne tasta tahan tassa tata tai takia tallainen
te teidan teilla tehda tekee teki toisaalta tulee tuli tulisi tuo tuossa tuolla tuon tuota tule tulla tuskin usein vaan vaikka vain vai varten vasta viela vielakin voi voida voin voisi voivat vuoksi vahan
yha yhdessa yksi yli ymparilla tosi joo jee ihan kyse kuulemma`,
	langSV: `alla allt an att av bara bli blir blev da dar de dem den denna deras dess dessa det detta dig din dina ditt dom du efter ej eller en er ert ett fran
for fore ga han hans har hej hennes her hon honom hur i in inga ingen inget inom inte ja jag jo ju kan kanske kom kunde man med mellan men mer mig min mina mitt mot
mycket nar nagon nagot nagra nej ni nu och ocksa om oss pa rt sa sade samma sedan ser sig sin sina sitt ska skall skulle sjalv som till tva under upp ut utan vad var vara varfor vars
vem vi vid vilka vilken vill vore at ar over`,
	langFR: `a ai ainsi alors apres as au aucun aussi autre aux avait avant avec avez avoir avons bien c ca car ce ceci cela celle celui ces cest cet cette ceux chez
comme comment d dans de des deux devant doit donc dont du elle elles en encore entre es est et etaient etait etre eu eux fait faut il ils j jai je jusqu l la le les leur leurs
lui m ma mais me meme mes moi moins mon n ne ni non nos notre nous on ont ou par parce pas peu peut plus pour pourquoi qu quand que quel quelle qui quoi rt s sa sans se sera ses si son
sont sous sur t ta te tes toi ton tous tout toute tres trop tu un une vos votre vous y`,
	langES: `a al algo ante antes aqui asi aun aunque cada como con contra cosa cuando cual de del desde donde dos e el ella ellas ellos en entre era eran es esa ese eso esta
estaba estan estar estas este esto estos fue fueron ha habia hace hacia han has hasta hay he la las le les lo los mas me mi mis mucho muy nada ni no nos nosotros o os otra otro para
pero poco por porque pues que quien rt se sea ser si sido sin sino sobre solo son su sus tambien tan tanto te tiene tienen todo todos tu tus un una uno unos usted va vamos ver y ya yo`,
	langIT: `a abbiamo ad ai al alla alle allo anche ancora c che chi ci come con cosa cosi da dal dalla degli dei del della delle di dopo dove e ecco ed era erano fa fare fatto fino fra gli
ha hai hanno ho i il in io l la le lei li lo loro lui ma me mi mia mio molto ne nei nel nella no noi non nostro o ogni per perche piu poi prima puo quando quanto quel quella quello
questa queste questi questo qui rt sara se sei senza si sia solo sono sta stato su sua sul suo te ti tra tu tua tuo tutti tutto un una uno va voi`,
	langPT: `a agora ai ainda ao aos aquela aquele as ate bem cada com como da das de dela dele depois do dos e ela elas ele eles em entre era essa esse esta estao estar este eu faz foi
for foram ha isso isto ja la lhe mais mas me mesmo meu meus minha muito na nao nas nem no nos nossa nosso num numa o os ou para pela pelo por porque pra quando que quem rt se sem
ser seu seus so sobre sua suas tambem tao te tem tenho ter teu ti toda todo todos tu tudo um uma vai voce voces vou`,
	langNL: `aan al alle alleen als altijd andere ben bent bij daar dan dat de deze die dit doen door dus een en er ga gaan gaat geen haar had hebben hebt heb heeft hem het hier hij hoe hun
ik in is ja je jij jou jouw kan kon kunnen maar me meer men met mij mijn moet na naar niet niets nog nu of om omdat ons ook op over rt te tegen toch toen tot u uit van veel voor waar
waarom wat we wel werd wie wij wil worden wordt zal ze zelf zich zij zijn zo zonder zou`,
	langPL: `a aby ale am albo az bardzo bez bo by byc byl byla bylo byly bym ci co czy dla do gdy gdzie go i ich ile im ja jak jako je jego jej jest jestem jeszcze jesli juz ka kiedy kto
ktora ktore ktory ma mam mi mnie moj moze mozna my na nad nam nas nasz nic nie niech nim o od on ona oni ono oraz po pod przed przez przy rt sa sam sie sobie sa ta tak takie tam te
tego tej ten to tu tutaj twoj ty tych tylko tym u w was we wie wiec wszystko z za zawsze ze`,
}

// stopSets are the stop words as hashes, by language. Other languages share the English ones, which are on every
// platform.
func stopSets() (sets [languages]map[uint64]struct{}) {
	for l := range sets {
		words := stopWords[l]
		if words == "" {
			words = stopWords[langEN]
		}
		sets[l] = map[uint64]struct{}{}
		for _, w := range strings.Fields(words) {
			sets[l][hash([]byte(w))] = struct{}{}
		}
	}
	return sets
}

// Heads of compounds, as stems: what long German and Finnish words end in. "Parkhausgebühren" is about "gebuhr" and
// about "parkhaus" although it is written as one word.
const (
	germanHeads = `wartezeit pflegekraft parkgebuhr pflegedienst rettungsdienst notaufnahm abteilung angebot angriff anlage arzt aufnahme ausfall ausbruch auto bad behandlung bereich besuch bett bus chaos daten dienst eingang essen fahrt fehler fonds frau
gebuhr geld gerat geschichte gesetz gewalt grupp hals haus heim hilfe infektion kampagn karte kasse kind klinik klinikum kommission kosten kraft krank krankenhaus kur lage leben leistung leitung leute mangel
mann maschin mass mittel not notstand operation ordnung patient personal pfleg pflicht plan platz platt praxis preis problem programm projekt raum recht reform regel sache schaden schicht schliessung schule schutz
schwest seite skandal spend station stell stimmung streik stunde system tag teil termin test therapie tisch todesfall tod turm unfall unterlag untersuchung urteil verbot verein verlust verordnung versicherung versorgung
verstoss virus wache wagen wahl ware wasser weg welle werk wert woche zahl zeit zentrum zettel zimmer zone zug zulage zustand keim aufzug parkplatz gebaud dach technik akte`
	finnishHeads = `aika aik aja ajoneuvo alue apu arvo asema asem asia auto epidemia haitta halli henkilo hinta hoido hoito huolto huone ilma jarjestelm jarjestely johtaja jono kaapp kannat katto kausi kauppa
keskus keskuks keskuksi kielto kirje klinikka klinik koe korko kortti kulu kulut kuolema kuolem laakari laakar laake laite laitte lakko lasku lista loma luku maara maksu maksut mies muutos neuvola neuvottelu oikeus ongelma ongelm osasto osast
paatos paikka paik palkka palvelu palvelut pelko piha piste pisteen polku poliklinikka potilas potilai pula puhelin ruoka ruokailu ryhma sairaala sairaal salai sali sopimus syy talo tapaus tarkastus tauti tie tieto tieto tila tilanne tulos turva
tutkimus tyo tyontekij uhri vahinko vaara vaikutus vakuutus valitus valta vamma vapaa varaus vastaanotto vesi vika virhe virus viikko vuode vuoro vuosi yhteys yksikko hoitaja hoitaj tartunta bakteeri lahete home katko`
)
