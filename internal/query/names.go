package query

import "strings"

// The lists that GuardPerson reads, folded. They hold frequent names and words from general knowledge, enough to notice
// the usual mistake; they are no register of persons.

func list(words string) map[string]bool {
	out := make(map[string]bool)
	for w := range strings.FieldsSeq(words) {
		out[fold(w)] = true
	}
	return out
}

var titles = list(`dr doctor prof professor mr mrs ms miss mx sir dame lord lady rev reverend
	herr frau doktor dipl med pd rouva herra tohtori professori neiti`)

var particles = list(`von vom van der den de del della di da du la le zu zur af av bin al ten ter mac`)

var firstNames = list(`
	james john robert michael william david richard joseph thomas charles christopher daniel matthew anthony mark donald steven
	paul andrew joshua kenneth kevin brian george edward ronald timothy jason jeffrey ryan jacob gary nicholas eric jonathan
	stephen larry justin scott brandon benjamin samuel gregory frank alexander raymond patrick jack dennis jerry tyler aaron
	adam nathan henry douglas zachary peter kyle noah ethan jeremy walter keith roger terry sean gerald carl harold dylan arthur
	oliver harry leo oscar archie theo freddie alfie callum liam connor rory hamish angus ewan neil graham nigel trevor barry
	derek geoffrey ian alan allan malcolm simon stuart gareth gavin craig darren dean lee wayne martin philip phillip colin
	mohammed muhammad mohamed ahmed ali hassan omar ibrahim yusuf imran raj sanjay arjun
	mary patricia jennifer linda elizabeth barbara susan jessica sarah karen lisa nancy betty sandra margaret ashley kimberly
	emily donna michelle carol amanda melissa deborah stephanie rebecca laura sharon cynthia kathleen amy angela shirley anna
	brenda pamela emma nicole helen samantha katherine catherine christine debra rachel carolyn janet maria heather diane
	olivia julie joyce victoria ruth virginia lauren kelly christina joan evelyn judith andrea hannah jacqueline martha gloria
	teresa ann anne annie sara madison frances kathryn janice jean abigail alice julia judy sophia grace denise amber doris
	marilyn danielle beverly isabella theresa diana natalie brittany charlotte marie kayla alexis lori jane jenny jo joanne
	fiona claire clare gemma holly lucy chloe zoe kate katie kirsty lorraine louise lynn maureen moira nicola paula poppy
	rosie ruby sally sheila sian siobhan sophie tracey tracy valerie vanessa wendy yvonne aisha fatima priya amelia ella
	florence freya imogen isla lily millie phoebe daisy rose hope
	hans peter wolfgang klaus jurgen dieter manfred uwe gunther gunter horst bernd gerhard helmut werner heinz karl heinrich
	stefan andreas matthias markus torsten thorsten sebastian florian tobias jan jens kai lars lukas felix maximilian moritz
	niklas jonas finn fritz friedrich georg gustav hermann ingo jochen joachim jorg kurt lothar ludwig otto rainer ralf reinhard
	rolf rudiger rudolf siegfried sven ulrich volker walther wilhelm mehmet mustafa
	ursula renate monika helga petra sabine ingrid gisela karin brigitte erika birgit angelika heike gabriele christa andrea
	susanne claudia martina kerstin silke anja katrin kathrin stefanie nadine bettina elke gudrun hannelore heidi hildegard ilse
	inge irmgard johanna jutta katharina lieselotte marianne marlene melanie mia nina regina rosemarie ruth sigrid silvia simone
	steffi svenja tanja ulrike ute waltraud ayse fatma emine erna greta leonie lena
	juhani johannes olavi antero tapani kalevi tapio matti ilmari mikael pekka juha timo kari antti jari mikko hannu heikki
	markku jukka jorma seppo pentti esa ville janne marko petri tommi tomi teemu tuomas lauri eero eino ilkka jouni jussi jarmo
	kimmo kalle keijo martti niko olli onni paavo pasi pertti raimo reijo risto sakari sami tero toivo tuomo urho vaino veikko
	veli aleksi eetu elias joonas aki arto
	annele anneli johanna hannele marjatta kristiina liisa elina tuulikki kaarina sofia katariina tuula inkeri ritva paivi
	pirjo leena riitta sari minna tiina kirsi heli mari merja outi anu satu jaana marja eila eeva aino helmi hilkka irja kaija
	kirsti maija mirja mervi niina paula piia raija raili saara sanna seija sirpa sirkka suvi taina tarja terhi tuuli ulla
	virpi emilia veera venla iida jenni jonna katja`)

// alsoWords are first names that are words or places too: alone they say nothing.
var alsoWords = list(`mark rose hope grace amber holly lily daisy ruby poppy dean lee scott victoria virginia charlotte florence
	madison sofia sophia jean jack frank jan ali kai mari anu satu mia ella jo august dylan wayne kelly ashley lori jerry
	outi toivo onni helmi tuuli suvi veli finn tyler brandon georg felix moritz leo oscar alexis rosie douglas jordan kari
	nancy amelia george alice martin sara nina may marie`)

// alsoPlaces are words that stand before a surname-like word without being a first name.
var alsoPlaces = list(`the new old north south east west upper lower great little royal saint st mount lake fort port
	san los las bad neue alte am im an der die das uusi vanha suuri united american virgin`)

var surnames = list(`
	smith jones williams taylor brown davies evans wilson thomas johnson roberts robinson thompson wright walker white edwards
	hughes green hall lewis harris clarke patel jackson wood turner martin cooper hill ward morris moore clark lee king baker
	harrison morgan allen james scott phillips watson davis parker price bennett young griffiths mitchell kelly cook carter
	richardson bailey collins bell shaw murphy miller cox richards khan marshall anderson simpson ellis adams singh begum
	wilkinson foster chapman powell webb rogers gray mason ali hunt hussain campbell matthews owen palmer holmes mills barnes
	knight lloyd butler russell barker fisher stevens jenkins murray dixon harvey garcia rodriguez martinez hernandez lopez
	gonzalez perez byrne ryan osullivan oconnor obrien doyle mccarthy gallagher macdonald stewart fraser reid ross
	muller mueller schmidt schneider fischer weber meyer meier maier mayer wagner becker schulz schulze hoffmann hofmann
	schafer schaefer koch bauer richter klein wolf schroder schroeder neumann schwarz zimmermann braun kruger krueger hartmann
	lange schmitt schmitz krause lehmann werner kohler koehler herrmann konig koenig walter huber kaiser fuchs peters lang
	scholz moller moeller weiss jung hahn schubert vogel friedrich keller gunther frank berger winkler roth beck lorenz baumann
	franke albrecht schuster simon ludwig bohm boehm winter kraus martin schumacher kramer vogt stein jager otto sommer gross
	seidel heinrich brandt haas schreiber graf dietrich ziegler kuhn pohl engel horn busch bergmann thomas voigt sauer arnold
	wolff pfeiffer mustermann yilmaz kaya demir
	korhonen virtanen makinen nieminen makela hamalainen laine heikkinen koskinen jarvinen lehtonen lehtinen saarinen salminen
	heinonen niemi heikkila salonen kinnunen turunen salo laitinen tuominen rantanen karjalainen jokinen mattila savolainen
	lahtinen ahonen ojala leppanen kallio meikalainen leinonen hiltunen vaisanen miettinen pitkanen aaltonen manninen koivisto
	hakala laaksonen hirvonen lehto raisanen laakso toivonen rasanen anttila mikkonen aalto nurmi moilanen karppinen koski
	seppala peltola kettunen pesonen nurminen halonen peltonen`)

// services are words that say that the whole is an organisation, a place or a subject, not a person.
var services = list(`
	hospital hospitals clinic clinics ward wards trust nhs infirmary surgery practice health healthcare care centre center
	unit department a&e ambulance emergency hospice pharmacy nursing nurse nurses doctors patients staff gp foundation group
	institute university college school academy library museum church council city county town street road avenue square park
	house hall hotel castle bridge station airport airways airlines airline air line rail railway bank company limited ltd inc
	plc llc gmbh ag oy oyj ab association society charity memorial general royal parking waiting times service services
	inquiry review scandal report case law act day week award prize strike campaign justice
	klinik kliniken klinikum krankenhaus krankenhauser spital hospiz praxis universitat universitatsklinikum uniklinik schule
	hochschule stiftung verein verband strasse platz stadt kreis land haus heim zentrum kirche bahnhof flughafen station
	notaufnahme pflege arzt arzte sankt
	sairaala sairaalat terveyskeskus terveysasema hyvinvointialue klinikka yliopisto koulu saatio katu tie kaupunki kunta
	talo keskus asema lentoasema kirkko apteekki paivystys hoito husin hus tays kys oys tyks suomalainen helsinkilainen
	ihminen nainen sisainen ylinen yleinen toinen iloinen ensimmainen jokainen hallinnollinen asiallinen psykiatrinen
	lastenpsykiatrinen kirurginen laaketieteellinen sosiaalinen yksityinen julkinen kansallinen alueellinen kansainvalinen`)

// blogHosts are sites beneath which each name is one author's blog.
var blogHosts = []string{
	"blogspot.com", "wordpress.com", "substack.com", "tumblr.com", "livejournal.com", "medium.com", "blogger.com", "typepad.com",
	"over-blog.com", "ghost.io", "bearblog.dev", "bsky.social", "jimdofree.com", "wixsite.com", "weebly.com", "vuodatus.net",
	"blogaaja.fi", "github.io",
}
