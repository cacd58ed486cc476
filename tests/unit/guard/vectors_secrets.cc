#include "tests/unit/guard/vectors.h"

namespace sallyport::guard {
namespace {

constexpr std::string_view url_password_hits = R"(
postgres://app:«hunter2»@db.example.com/shop
https://user:«pass»@example.com
redis://:«s3cret»@cache:6379/0
amqp://guest:«guest»@localhost
mongodb+srv://admin:«p%40ss»@cluster0.example.net
mysql://root:«a»@127.0.0.1:3306
postgres://app:«p@ss»@db/shop
postgres://app:«pa/ss»@db/shop
postgres://app:«pa?ss#1»@db/shop
url = "ftp://bob:«letmein»@ftp.example.org/x"
DATABASE_URL=postgresql://ci-backup,orders-db:«Zq9!x»@gateway:5432/shop
git clone https://oauth2:«glpat-abc»@gitlab.example.com/x.git
http://a:«1234»@h
http://user%40corp:«pw»@proxy:3128
svn+ssh://joe:«pässword»@svn.example.com
https://user:«密码»@example.com
see http://a:«b»@c and http://d:«e»@f
(http://a:«b)c»@d)
jdbc:postgresql://u:«with:colon»@h/db
smtp://mail:«[y]»@relay
smtp://mail:«!#$%^&*()»@relay
scheme://u:«x{y}z»@h
HTTP://U:«P»@H
)";
constexpr std::string_view url_password_misses = R"(
https://example.com
https://user@example.com
https://user:@example.com
https://example.com:8080/path
https://example.com:8080/path@foo
http://host:80?x=a@b
://user:pass@host
user:pass@host
mailto:jane@example.com
http://us er:pass@host
http://user:pa ss@host
http://user:"pass"@host
http://user:<password>@host
https://example.com/a:b@c
http://[::1]:8080/a@b
http:///user:pass@host
http://user:****@host
http://user:xxxx@host
http://user:[url-password]@host
http://user:[masked]@host
http//user:pass@host
http:/user:pass@host
)";

constexpr std::string_view aws_access_key_hits = R"(
«AKIA¦IOSFODNN7EXAMPLE»
«ASIA¦IOSFODNN7EXAMPLE»
«ABIA¦IOSFODNN7EXAMPLE»
«ACCA¦IOSFODNN7EXAMPLE»
key=«AKIA¦I44QH8DHBEXAMPLE»
"«AKIA¦I44QH8DHBEXAMPLE»"
aws_access_key_id = «AKIA¦IOSFODNN7EXAMPLE»
AWS_ACCESS_KEY_ID=«AKIA¦IOSFODNN7EXAMPLE» aws s3 ls
{"AccessKeyId":"«ASIA¦Y34FZKBOKMUTVV7A»"}
«AKIA¦0123456789ABCDEF»
«AKIA¦ABCDEFGHIJKLMNOP»
x«AKIA¦ABCDEFGHIJKLMNOP»
_«AKIA¦ABCDEFGHIJKLMNOP»_
«AKIA¦ABCDEFGHIJKLMNOP»/20240101/eu-west-1
Credential=«AKIA¦IOSFODNN7EXAMPLE»/20130524
«AKIA¦ABCDEFGHIJKLMNO1»,«AKIA¦ABCDEFGHIJKLMNO2»
'«AKIA¦ABCDEFGHIJKLMNOP»'
<«AKIA¦ABCDEFGHIJKLMNOP»>
é«AKIA¦ABCDEFGHIJKLMNOP»é
«AKIA¦ABCDEFGHIJKLMNOP».
a⏎«AKIA¦ABCDEFGHIJKLMNOP»⏎b
)";
constexpr std::string_view aws_access_key_misses = R"(
AKIA¦IOSFODNN7EXAMPL
AKIA¦IOSFODNN7EXAMPLEX
AKIA¦IOSFODNN7EXAMPLe
AKIA¦IOSFODNN7EXAMPLEx
AKIA¦iosfodnn7example
akia¦IOSFODNN7EXAMPLE
BKIA¦IOSFODNN7EXAMPLE
AKIB¦IOSFODNN7EXAMPLE
XAKIA¦IOSFODNN7EXAMPLE
0AKIA¦IOSFODNN7EXAMPLE
AKIA¦IOSF-DNN7EXAMPLE
AKIA¦IOSF DNN7EXAMPLE
AKIA¦IOSF_DNN7EXAMPLE
AKIA¦************MPLE
AKI***************LE
AKIA
ASIA PACIFIC
ASIANMARKETS
AKIA¦éOSFODNN7EXAMPLE
AROA¦IOSFODNN7EXAMPLE
AIDA¦IOSFODNN7EXAMPLE
)";

constexpr std::string_view aws_secret_key_hits = R"(
aws_secret_access_key = «wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY»
AWS_SECRET_ACCESS_KEY=«wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY»
export AWS_SECRET_ACCESS_KEY="«je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY»"
{"SecretAccessKey": "«wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY»"}
{"SecretAccessKey":"«wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY»","SessionToken":"x"}
secret_access_key: «wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY»
aws-secret: «wJalrXUtnFEMI+K7MDENG+bPxRfiCYEXAMPLEKEY»
aws secret key «wJalrXUtnFEMIaK7MDENGabPxRfiCYEXAMPLEKEY»
AwsSecretKey='«wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY»'
awsSecretAccessKey => «wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY»,
<SecretAccessKey>«wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY»</SecretAccessKey
AWS Secret Access Key [None]: «wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY»
spring.cloud.aws.secretKey=«wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY»
--aws-secret-access-key «wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY» --x
secret access «wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY»
aws:⏎  secret: «wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY»
AWS_SECRET="«0aA/0aA/0aA/0aA/0aA/0aA/0aA/0aA/0aA/0aA/»"
("aws_secret_access_key","«wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY»")
|aws_secret|«wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY»|
SECRETACCESSKEY:«wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY»
AKIA AWS SECRET «wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY».
)";
constexpr std::string_view aws_secret_key_misses = R"(
wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY
key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY
secret = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY
aws_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY
aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKE
aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEYX
aws_secret_access_key = wJalrXUtnFEMI-K7MDENG-bPxRfiCYEXAMPLEKEY
aws_secret_access_key = da39a3ee5e6b4b0d3255bfef95601890afd80709
aws_secret_access_key = DA39A3EE5E6B4B0D3255BFEF95601890AFD80709
aws_secret_access_key = abcdefghijABCDEFGHIJabcdefghijABCDEFGHIJ
aws_secret_access_key = ****************************************
aws_secret_access_key = xXxxxXXxxXXXX*X0XXXXX*xXxXxxXXXXXXXXXXXX
aws_secret_access_key = xXxxxXXxxXXXXxX0XXXXXxxXxXxxXXXXXXXXXXXX
aws_secret_access_key = [aws-secret-key]
aws_secret_access_key
the secret of aws is patience
aws secret                                       wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY
aws_sacret_xccess_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY
wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY = aws_secret_access_key
secretary: wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY
aws_secret_access_key = 0123456789012345678901234567890123456789
aws_secret_access_key = wJalrXUtnFEMI K7MDENG bPxRfiCYEXAMPLEKEY
)";

constexpr std::string_view github_token_hits = R"(
«ghp_¦abcdefghijklmnopqrstuvwxyz01232LolCm»
«gho_¦abcdefghijklmnopqrstuvwxyz01232LolCm»
«ghu_¦abcdefghijklmnopqrstuvwxyz01232LolCm»
«ghs_¦abcdefghijklmnopqrstuvwxyz01232LolCm»
«ghr_¦abcdefghijklmnopqrstuvwxyz01232LolCm»
«ghp_¦ABCDEFGHIJKLMNOPQRSTUVWXYZ01234KGnwg»
«ghp_¦0000000000000000000000000000002C8GjS»
«github_pat_¦11ABCDEFG0abcdefghijkl_abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVW»
token «ghp_¦abcdefghijklmnopqrstuvwxyz01232LolCm»
"«ghp_¦abcdefghijklmnopqrstuvwxyz01232LolCm»"
GITHUB_TOKEN=«ghs_¦abcdefghijklmnopqrstuvwxyz01232LolCm» make
https://«ghp_¦abcdefghijklmnopqrstuvwxyz01232LolCm»@github.com/a/b
Authorization: Bearer «gho_¦abcdefghijklmnopqrstuvwxyz01232LolCm»
x«ghp_¦abcdefghijklmnopqrstuvwxyz01232LolCm»
«ghp_¦abcdefghijklmnopqrstuvwxyz01232LolCm».
«ghp_¦abcdefghijklmnopqrstuvwxyz0123456789ABCD»
(«ghp_¦abcdefghijklmnopqrstuvwxyz01232LolCm»)
«ghp_¦abcdefghijklmnopqrstuvwxyz01232LolCm»-1
«ghp_¦abcdefghijklmnopqrstuvwxyz01232LolCm»,«ghp_¦zbcdefghijklmnopqrstuvwxyz01232ZLBWR»
'«github_pat_¦11AAAAAAA0aaaaaaaaaaaa_bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb»'
[«ghu_¦abcdefghijklmnopqrstuvwxyz01232LolCm»]
)";
constexpr std::string_view github_token_misses = R"(
ghp_¦abcdefghijklmnopqrstuvwxyz012345678
ghx_¦abcdefghijklmnopqrstuvwxyz0123456789
GHP_¦abcdefghijklmnopqrstuvwxyz0123456789
ghp-abcdefghijklmnopqrstuvwxyz0123456789
ghp abcdefghijklmnopqrstuvwxyz0123456789
ghp_
ghp_ abcdefghijklmnopqrstuvwxyz0123456789
ghp_¦abcdefghijklmnop_qrstuvwxyz0123456789
ghp_¦abcdefghijklmnop-qrstuvwxyz0123456789
ghp_¦abcdefghijklmnop.qrstuvwxyz0123456789
github_pat_¦11ABCDEFG0abcdefghijkl_abcdefghijklmnopqrstuvwxyz
github_pat_
github_pat-11ABCDEFG0abcdefghijkl_abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVW
hub_pat_¦11ABCDEFG0abcdefghijkl_abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVW
ghp_********************************6789
ghp_*
xxx*xxxxxxxxxxxxxxxxxxxxxxxxxx0000000000
[github-token]
ghp__¦abcdefghijklmnopqrstuvwxyz0123456789
gh_abcdefghijklmnopqrstuvwxyz0123456789ab
gph_abcdefghijklmnopqrstuvwxyz0123456789
)";

constexpr std::string_view slack_token_hits = R"(
«xoxb-¦123456789012-1234567890123-abcdefghijklmnopqrstuvwx»
«xoxp-¦123456789012-123456789012-123456789012-0123456789abcdef»
«xoxa-¦2-123456789012-123456789012-abcdef012345»
«xoxr-¦123456789012-123456789012-abcdefghij»
«xoxs-¦123456789012-123456789012-abcdefghij»
«xoxe-¦1-My0xLTEyMzQ1Njc4OTAxMi0xMjM0»
xoxe.«xoxp-¦1-Mi0yLTEyMzQ1Njc4OTAxMi0xMjM0»
«xoxo-¦123456789012-123456789012-abcdefghij»
«xapp-¦1-A0123456789-1234567890123-0123456789abcdef»
https://hooks.slack.com/services/«T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXabcd»
hooks.slack.com/services/«T0123ABCD/B0123ABCD/abcdefghijklmnopqrstuvwx»?x
token=«xoxb-¦123456789012-1234567890123-abcdefghijklmnopqrstuvwx»&y
"«xoxb-¦123456789012-1234567890123-abcdefghijklmnopqrstuvwx»"
SLACK_TOKEN=«xoxb-¦123456789012-1234567890123-abcdefghijklmnopqrstuvwx»
Bearer «xoxp-¦123456789012-123456789012-abcdefghijkl»
«xoxb-¦123456789012-1234567890123-abcdefghijklmnopqrstuvwx».
«xoxb-¦123456789012-1234567890123-abcdefghijklmnopqrstuvwx», ok
«xoxb-¦1234567890-ABCDEFGHIJKLMNOP»
('«xoxb-¦1234567890-ABCDEFGHIJKLMNOP»')
a=«xoxb-¦1234567890-ABCDEFGHIJKLMNOP» b=«xapp-¦1-A0123456789-1234567890123-0123»
x«xoxb-¦1234567890-ABCDEFGHIJKLMNOP»
)";
constexpr std::string_view slack_token_misses = R"(
xoxb-¦123456789012
xoxc_123456789012-1234567890123-abcdefghijklmnopqrstuvwx
xoxz-¦123456789012-1234567890123-abcdefghijklmnopqrstuvwx
xox-123456789012-1234567890123-abcdefghijklmnopqrstuvwx
XOXB-¦123456789012-1234567890123-abcdefghijklmnopqrstuvwx
xoxb 123456789012-1234567890123-abcdefghijklmnopqrstuvwx
xoxb-
xoxb-abcdefghijklmnopqrstuvwxyz
xoxb-1a2-bcdefghijklmnopqrstuvwxyz
xapp-config-for-the-mobile-client
xapp_1-A0123456789-1234567890123-0123456789abcdef
xoxb-¦1234 5678 9012 3456
xoxb-*****************************
xoxb******************************uvwx
xxxx*000000000000*0000000000000*xxxxxxxxxxxx
https://slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX
https://hooks.slack.com/services/
https://hooks.slack.com/services/T00000000
https://hooks.slack.com/services/B00000000/T00000000/abcdefghijklmnopqrstuvwx
https://hooks.slack.com/workflows/T00000000/A00000000/abcdefghijklmnopqrstuvwx
https://hooks.slack.com/services/T00000000-B00000000-abcdefghijklmnopqrstuvwx
[slack-token]
)";

constexpr std::string_view google_api_key_hits = R"(
«AIza¦SyA0123456789abcdefghijklmnopqrstuv»
«AIza¦SyDdI0hCZtE6vySjMm-WEfRq3CPzqKqqsHI»
«AIza¦Sy_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_»
«AIza¦0123456789012345678901234567890123A»
key=«AIza¦SyA0123456789abcdefghijklmnopqrstuv»&q=x
"«AIza¦SyA0123456789abcdefghijklmnopqrstuv»"
'«AIza¦SyA0123456789abcdefghijklmnopqrstuv»'
https://maps.example/api/js?key=«AIza¦SyA0123456789abcdefghijklmnopqrstuv»
apiKey: «AIza¦SyA0123456789abcdefghijklmnopqrstuv»,
(«AIza¦SyA0123456789abcdefghijklmnopqrstuv»)
«AIza¦SyA0123456789abcdefghijklmnopqrstuv».
«AIza¦SyA0123456789abcdefghijklmnopqrstuv»-
«AIza¦SyA0123456789abcdefghijklmnopqrstuv»_x
x«AIza¦SyA0123456789abcdefghijklmnopqrstuv»
«AIza¦SyA0123456789abcdefghijklmnopqrstuv» «AIza¦SyB0123456789abcdefghijklmnopqrstuv»
<«AIza¦SyA0123456789abcdefghijklmnopqrstuv»>
é«AIza¦SyA0123456789abcdefghijklmnopqrstuv»é
a⏎«AIza¦SyA0123456789abcdefghijklmnopqrstuv»⏎
[«AIza¦SyZ9876543210ZYXWVUTSRQPONMLKJIHGFE»]
GOOGLE_API_KEY=«AIza¦SyA0123456789abcdefghijklmnopqrstuv»
{"current_key":"«AIza¦SyA0123456789abcdefghijklmnopqrstuv»"}
)";
constexpr std::string_view google_api_key_misses = R"(
AIza¦SyA0123456789abcdefghijklmnopqrstu
AIza¦SyA0123456789abcdefghijklmnopqrstuvw
aiza¦SyA0123456789abcdefghijklmnopqrstuv
AIZA¦SyA0123456789abcdefghijklmnopqrstuv
AIzb¦SyA0123456789abcdefghijklmnopqrstuv
AIza
AIza SyA0123456789abcdefghijklmnopqrstuv
AIza¦SyA0123456789 bcdefghijklmnopqrstuv
AIza¦SyA0123456789.bcdefghijklmnopqrstuv
AIza¦SyA0123456789+bcdefghijklmnopqrstuv
AIza¦SyA0123456789/bcdefghijklmnopqrstuv
AIza¦SyA0123456789=bcdefghijklmnopqrstuv
AIza¦SyA0123456789ébcdefghijklmnopqrstuv
AIza*******************************stuv
XXxxXxX0000000000xxxxxxxxxxxxxxxxxxxxxx
[google-api-key]
AI za¦SyA0123456789abcdefghijklmnopqrstuv
A1za¦SyA0123456789abcdefghijklmnopqrstuv
AIz4¦SyA0123456789abcdefghijklmnopqrstuv
zaIA¦SyA0123456789abcdefghijklmnopqrstuv
AIza,SyA0123456789abcdefghijklmnopqrstuv
)";

constexpr std::string_view stripe_key_hits = R"(
«sk_¦live_4eC39HqLyjWDarjtT1zdp7dc»
«rk_¦live_4eC39HqLyjWDarjtT1zdp7dc»
«sk_¦test_4eC39HqLyjWDarjtT1zdp7dc»
«rk_¦test_4eC39HqLyjWDarjtT1zdp7dc»
«whsec_¦4eC39HqLyjWDarjtT1zdp7dcabcdefgh»
«sk_¦live_51H8abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefghijklmnopqrstuvwxyz00abcdef»
«sk_¦live_0123456789abcdef»
key=«sk_¦live_4eC39HqLyjWDarjtT1zdp7dc»
"«sk_¦live_4eC39HqLyjWDarjtT1zdp7dc»"
'«sk_¦live_4eC39HqLyjWDarjtT1zdp7dc»',
-u «sk_¦live_4eC39HqLyjWDarjtT1zdp7dc»:
STRIPE_KEY=«sk_¦live_4eC39HqLyjWDarjtT1zdp7dc»
Bearer «rk_¦live_4eC39HqLyjWDarjtT1zdp7dc»
«sk_¦live_4eC39HqLyjWDarjtT1zdp7dc».
«sk_¦live_4eC39HqLyjWDarjtT1zdp7dc»_2
«sk_¦live_4eC39HqLyjWDarjtT1zdp7dc»-2
x«sk_¦live_4eC39HqLyjWDarjtT1zdp7dc»
«sk_¦live_4eC39HqLyjWDarjtT1zdp7dc»,«rk_¦live_4eC39HqLyjWDarjtT1zdp7dd»
("«whsec_¦abcdefghijklmnopqrstuvwxyz012345»")
é«sk_¦live_4eC39HqLyjWDarjtT1zdp7dc»é
{"secret":"«sk_¦live_4eC39HqLyjWDarjtT1zdp7dc»"}
)";
constexpr std::string_view stripe_key_misses = R"(
sk_¦live_4eC39HqLyjWDarj
pk_¦live_4eC39HqLyjWDarjtT1zdp7dc
sk_¦prod_4eC39HqLyjWDarjtT1zdp7dc
sk-live-4eC39HqLyjWDarjtT1zdp7dc
SK_LIVE_4eC39HqLyjWDarjtT1zdp7dc
sk_live-4eC39HqLyjWDarjtT1zdp7dc
sk_live4eC39HqLyjWDarjtT1zdp7dc
sk_live_
sk_live_ 4eC39HqLyjWDarjtT1zdp7dc
sk_live_4eC3 9HqLyjWDarjtT1zdp7dc
sk_live_4eC3_9HqLyjWDarjtT1zdp7dc
sk_live_4eC3-9HqLyjWDarjtT1zdp7dc
task_live_updates
sk_l***********************p7dc
xx*xxxx*0xX00XxXxxXXXxxxX0xxx0xx
[stripe-key]
whsec_4eC39HqLyjWDarjt
whsec-4eC39HqLyjWDarjtT1zdp7dcabcdefgh
wsec_4eC39HqLyjWDarjtT1zdp7dcabcdefgh
k_live_4eC39HqLyjWDarjtT1zdp7dc
sk_live_****************************
)";

constexpr std::string_view model_api_key_hits = R"(
«sk-¦abcdefghijklmnopqrstT3BlbkFJabcdefghijklmnopqrst»
«sk-¦0123456789abcdef0123456789abcdef»
«sk-¦proj-abcdefghij0123456789abcdefghij0123456789_-abcdef»
«sk-¦svcacct-abcdefghij0123456789abcdefghij0123456789»
«sk-¦admin-abcdefghij0123456789abcdefghij0123456789»
«sk-¦ant-api03-abcdefghij0123456789abcdefghij0123456789-_AA»
«sk-¦ant-sid01-abcdefghij0123456789abcdefghij0123456789»
«sk-¦or-v1-0123456789abcdef0123456789abcdef0123456789abcdef»
OPENAI_API_KEY=«sk-¦abcdefghijklmnopqrstT3BlbkFJabcdefghijklmnopqrst»
"«sk-¦abcdefghijklmnopqrstT3BlbkFJabcdefghijklmnopqrst»"
Bearer «sk-¦abcdefghijklmnopqrstT3BlbkFJabcdefghijklmnopqrst»
x-api-key: «sk-¦ant-api03-abcdefghij0123456789abcdefghij0123456789»
('«sk-¦0123456789abcdef0123456789abcdef»')
«sk-¦0123456789abcdef0123456789abcdef».
«sk-¦0123456789abcdef0123456789abcdef», «sk-¦1123456789abcdef0123456789abcdef»
_«sk-¦0123456789abcdef0123456789abcdef»
/«sk-¦0123456789abcdef0123456789abcdef»/
é«sk-¦0123456789abcdef0123456789abcdef»
a⏎«sk-¦0123456789abcdef0123456789abcdef»⏎
{"key":"«sk-¦proj-AbCdEfGhIj0123456789AbCdEfGhIj0123456789»"}
[«sk-¦lf-01234567-89ab-cdef-0123456789abcdef01»]
)";
constexpr std::string_view model_api_key_misses = R"(
sk-abcdef0123456789
sk-0123456789abcdef0123456789abcde
task-0123456789abcdef0123456789abcdef
disk-0123456789abcdef0123456789abcdef
7sk-0123456789abcdef0123456789abcdef
sk-this-is-a-long-css-class-name-with-9-words
sk-abcdefghijklmnopqrstuvwxyzabcdefghijklmnop
sk-01234567890123456789012345678901234567890
sk_0123456789abcdef0123456789abcdef
SK-0123456789abcdef0123456789abcdef
sk 0123456789abcdef0123456789abcdef
sk--
sk-
sk-SK
sk-a****************************7890
xx*0000000000xxxxxx0000000000xxxxxx
[model-api-key]
pk-0123456789abcdef0123456789abcdef
sk-550e8400-e29b-41d4-a716-446655440
sk-0123456789.abcdef0123456789.abcdef
sk-0123456789 abcdef0123456789abcdef0123
sk-é0123456789abcdef0123456789abcdef
)";

constexpr std::string_view jwt_hits = R"(
«eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.¦eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c»
«eyJhbGciOiJSUzI1NiIsImtpZCI6IjIwMjQtMDEifQ.¦eyJzdWIiOiJjaSIsImV4cCI6MTcwMDAwMDAwMH0.c2lnbmF0dXJl»
«eyJ0eXAiOiJKV1QiLCJhbGciOiJub25lIn0.¦eyJzdWIiOiJjaSIsImV4cCI6MTcwMDAwMDAwMH0.»
«eyJhbGciOiJFUzI1NiJ9.¦eyJzdWIiOiJjaSIsImV4cCI6MTcwMDAwMDAwMH0.MEUCIQ»
«eyJraWQiOiJrMSIsInR5cCI6ImF0K2p3dCIsImFsZyI6IlBTNTEyIn0.¦eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlLmNvbSIsImF1ZCI6InNhbGx5cG9ydCJ9.AbC-_9»
«eyJhbGciOiJFZERTQSIsImNydiI6IkVkMjU1MTkifQ.¦e30.AAAA»
«eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0.¦.aXZpdml2aXY.Y2lwaGVy.dGFn»
«eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkExMjhDQkMtSFMyNTYifQ.¦a2V5.aXY.Y3Q.dGFn»
«eyJhbGciOiJIUzUxMiIsIng1dCI6ImFiYyJ9.¦e30.AAAA»
«eyJhbGciOiAiSFMyNTYiLCAidHlwIjogIkpXVCJ9.¦e30.AAAA»
«eyAiYWxnIiA6ICJIUzI1NiIgfQo.¦e30.AAAA»
Authorization: Bearer «eyJhbGciOiJFUzI1NiJ9.¦e30.MEUCIQ»
"«eyJhbGciOiJFUzI1NiJ9.¦e30.MEUCIQ»"
token=«eyJhbGciOiJFUzI1NiJ9.¦e30.MEUCIQ»&x=1
«eyJhbGciOiJFUzI1NiJ9.¦e30.MEUCIQ»,«eyJhbGciOiJFUzI1NiJ9.¦e30.MEUCIR»
(«eyJhbGciOiJFUzI1NiJ9.¦e30.MEUCIQ»)
«eyJhbGciOiJFUzI1NiJ9.¦e30.MEUCIQ».
«eyJhbGciOiJFUzI1NiJ9.¦e30.MEUCIQ».more
id_token: «eyJhbGciOiJFUzI1NiJ9.¦e30.»
a⏎«eyJhbGciOiJFUzI1NiJ9.¦e30.MEUCIQ»⏎
é«eyJhbGciOiJFUzI1NiJ9.¦e30.MEUCIQ»é
Set-Cookie: s=«eyJhbGciOiJFUzI1NiJ9.¦eyJzdWIiOiJjaSIsImV4cCI6MTcwMDAwMDAwMH0.MEUCIQ»; Secure
)";
constexpr std::string_view jwt_misses = R"(
eyJhbGciOiJFUzI1NiJ9
eyJhbGciOiJFUzI1NiJ9.
eyJhbGciOiJFUzI1NiJ9.e30
eyJhbGciOiJFUzI1NiJ9..MEUCIQ
eyJhbGciOiJFUzI1NiJ9.e.MEUCIQ
eyJ0eXAiOiJKV1QifQ.e30.MEUCIQ
eyJhbCI6IkhTMjU2In0.e30.MEUCIQ
eyJlbmMiOiJBMTI4R0NNIn0.e30.MEUCIQ
eyJBbGciOiJIUzI1NiIsIngiOjF9.e30.MEUCIQ
eyJhbGcifQ.e30.MEUCIQ
eyJhbGciOiJIUzI1NiI.e30.MEUCIQ
eyJ4IjoiYWxnIn0.e30.MEUCIQ
XeyJhbGciOiJFUzI1NiJ9.e30.MEUCIQ
-eyJhbGciOiJFUzI1NiJ9.e30.MEUCIQ
EYJhbGciOiJFUzI1NiJ9.e30.MEUCIQ
eyJhbGciOiJFUzI1NiJ9 .e30.MEUCIQ
eyJhbGciOiJFUzI1NiJ9. e30.MEUCIQ
eyJhbGciOiJFUzI1NiJ9/e30/MEUCIQ
eyJhbGciOiJFUzI1NiJ9.e30+MEUCIQ
eyJhb***********************CIQ
xxXxxXxxXxXXXxX0XxX0.x00.XXXXXX
[jwt]
eyJeyJeyJeyJ.eyJeyJ.eyJ
eyJhbGciOi JFUzI1NiJ9.e30.MEUCIQ
)";

constexpr std::string_view private_key_hits = R"(
«-----BEGIN ¦PRIVATE KEY-----⏎MIIEvQIBADANBgkqhkiG9w0BAQEFAASC⏎-----END PRIVATE KEY-----»
«-----BEGIN ¦RSA PRIVATE KEY-----⏎MIIEvQIBADANBgkqhkiG9w0BAQEFAASC⏎-----END RSA PRIVATE KEY-----»
«-----BEGIN ¦EC PRIVATE KEY-----⏎MHcCAQEEIIMIIEvQIBADANBgkqhkiG9w⏎-----END EC PRIVATE KEY-----»
«-----BEGIN ¦DSA PRIVATE KEY-----⏎MHcCAQEEIIMIIEvQIBADANBgkqhkiG9w⏎-----END DSA PRIVATE KEY-----»
«-----BEGIN ¦OPENSSH PRIVATE KEY-----⏎b3BlbnNzaC1rZXktdjEAAAAABG5vbmU=⏎-----END OPENSSH PRIVATE KEY-----»
«-----BEGIN ¦ENCRYPTED PRIVATE KEY-----⏎MIIEvQIBADANBgkqhkiG9w0BAQEFAASC⏎-----END ENCRYPTED PRIVATE KEY-----»
«-----BEGIN ¦PGP PRIVATE KEY BLOCK-----⏎Version: GnuPG v2.0 (GNU/Linux)⏎⏎lQOYBFabcdefghijklmnop⏎=AbCd⏎-----END PGP PRIVATE KEY BLOCK-----»
«-----BEGIN ¦RSA PRIVATE KEY-----⏎Proc-Type: 4,ENCRYPTED⏎DEK-Info: AES-128-CBC,0123456789ABCDEF⏎⏎MIIEvQIBADANBgkqhkiG9w0B⏎-----END RSA PRIVATE KEY-----»
key: «-----BEGIN ¦PRIVATE KEY-----⏎MIIEvQIBADANBgkqhkiG9w0BAQEFAASC⏎-----END PRIVATE KEY-----»⏎next
{"private_key":"«-----BEGIN ¦PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\nAQEFAASC\n-----END PRIVATE KEY-----»\n"}
"«-----BEGIN ¦PRIVATE KEY-----\r\nMIIEvQIBADANBgkqhkiG9w0B\r\n-----END PRIVATE KEY-----»"
«-----BEGIN ¦PRIVATE KEY-----⏎MIIEvQIBADANBgkqhkiG9w0BAQEFAASC»
«-----BEGIN ¦PRIVATE KEY-----⏎MIIEvQIBADANBgkqhkiG9w0BAQEFAASC⏎-----END PRIV»
«-----BEGIN ¦PRIVATE KEY----- MIIEvQIBADANBgkqhkiG9w0BAQEFAASC -----END PRIVATE KEY-----»
«-----BEGIN ¦PRIVATE KEY-----MIIEvQIBADANBgkqhkiG9w0BAQEFAASC-----END PRIVATE KEY-----»
'«-----BEGIN ¦EC PRIVATE KEY-----⏎MHcCAQEEIIMIIEvQIBADANBgkqhkiG9w⏎-----END EC PRIVATE KEY-----»'
«-----BEGIN ¦PRIVATE KEY-----⏎MIIEvQIBADANBgkqhkiG9w0BAQEFAASC⏎-----END PRIVATE KEY-----»⏎«-----BEGIN ¦PRIVATE KEY-----⏎MIIEvQIBADANBgkqhkiG9w0BAQEFAASC⏎-----END PRIVATE KEY-----»
a «-----BEGIN ¦ED25519 PRIVATE KEY-----⏎MIIEvQIBADANBgkqhkiG9w0BAQEFAASC⏎-----END ED25519 PRIVATE KEY-----» b
«-----BEGIN ¦SSH2 ENCRYPTED PRIVATE KEY-----⏎MIIEvQIBADANBgkqhkiG9w0BAQEFAASC⏎-----END SSH2 ENCRYPTED PRIVATE KEY-----»
é«-----BEGIN ¦PRIVATE KEY-----⏎MIIEvQIBADANBgkqhkiG9w0BAQEFAASC⏎-----END PRIVATE KEY-----»é
-----BEGIN CERTIFICATE-----⏎MIIB⏎-----END CERTIFICATE-----⏎«-----BEGIN ¦PRIVATE KEY-----⏎MIIEvQIBADANBgkqhkiG9w0BAQEF⏎-----END PRIVATE KEY-----»
)";
constexpr std::string_view private_key_misses = R"(
-----BEGIN CERTIFICATE-----⏎MIIEvQIBADANBgkqhkiG9w0BAQEFAASC⏎-----END CERTIFICATE-----
-----BEGIN PUBLIC KEY-----⏎MIIEvQIBADANBgkqhkiG9w0BAQEFAASC⏎-----END PUBLIC KEY-----
-----BEGIN RSA PUBLIC KEY-----⏎MIIEvQIBADANBgkqhkiG9w0BAQEFAASC⏎-----END RSA PUBLIC KEY-----
-----BEGIN PGP PUBLIC KEY BLOCK-----⏎MIIEvQIBADANBgkqhkiG9w0BAQEFAASC
-----BEGIN PGP MESSAGE-----⏎MIIEvQIBADANBgkqhkiG9w0BAQEFAASC
-----BEGIN PRIVATE KEY-----
-----BEGIN PRIVATE KEY-----⏎⏎-----END PRIVATE KEY-----
-----BEGIN PRIVATE KEY-----⏎…⏎-----END PRIVATE KEY-----
-----BEGIN PRIVATE KEY-----⏎********************************⏎-----END PRIVATE KEY-----
-----BEGIN PRIVATE KEY----⏎MIIEvQIBADANBgkqhkiG9w0BAQEFAASC⏎-----END PRIVATE KEY-----
----BEGIN PRIVATE KEY----⏎MIIEvQIBADANBgkqhkiG9w0BAQEFAASC⏎----END PRIVATE KEY----
-----begin private key-----⏎MIIEvQIBADANBgkqhkiG9w0BAQEFAASC⏎-----end private key-----
-----BEGIN private key-----⏎MIIEvQIBADANBgkqhkiG9w0BAQEFAASC
-----BEGIN PRIVATE KEYS-----⏎MIIEvQIBADANBgkqhkiG9w0BAQEFAASC
-----BEGIN CERTIFICATE REQUEST-----⏎MIIEvQIBADANBgkqhkiG9w0BAQEFAASC
-----END PRIVATE KEY-----
-----BEGIN
-----BEGIN PRIVATE-----⏎MIIEvQIBADANBgkqhkiG9w0BAQEFAASC
-----BEGIN SSH SIGNATURE-----⏎MIIEvQIBADANBgkqhkiG9w0BAQEFAASC
[private-key]
the words PRIVATE KEY alone
-----BEGINPRIVATE KEY-----⏎MIIEvQIBADANBgkqhkiG9w0BAQEFAASC
)";

constexpr std::string_view sallyport_ticket_hits = R"(
«spt_abcdefghijklmnop»
«spt_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWX»
«spt_AbCd-EfGh_IjKl-MnOp»
password=«spt_0123456789abcdef0123456789»
"«spt_0123456789abcdef0123456789»"
'«spt_0123456789abcdef0123456789»'
PGPASSWORD=«spt_0123456789abcdef0123456789» psql
postgresql://orders-db:«spt_0123456789abcdef0123456789»@gateway
{"ticket":"«spt_0123456789abcdef0123456789»"}
Bearer «spt_0123456789abcdef0123456789»
«spt_0123456789abcdef0123456789».
«spt_0123456789abcdef0123456789», «spt_1123456789abcdef0123456789»
(«spt_0123456789abcdef0123456789»)
x«spt_0123456789abcdef0123456789»
_«spt_0123456789abcdef0123456789»
«spt_0123456789abcdef0123456789»=
é«spt_0123456789abcdef0123456789»é
a⏎«spt_0123456789abcdef0123456789»⏎
ALTER USER x PASSWORD '«spt_0123456789abcdef0123456789»'
<«spt_0123456789abcdef0123456789»>
[«spt_0123456789abcdef0123456789»]
)";
constexpr std::string_view sallyport_ticket_misses = R"(
spt_abcdefghijklmno
spt_
spt_short
SPT_0123456789abcdef0123456789
Spt_0123456789abcdef0123456789
spt-0123456789abcdef0123456789
spt 0123456789abcdef0123456789
spt0123456789abcdef0123456789
sp_0123456789abcdef0123456789
pt_0123456789abcdef0123456789
st_0123456789abcdef0123456789
spt_ 0123456789abcdef0123456789
spt_012345 6789abcdef0123456789
spt_012345.6789abcdef0123456789
spt_012345/6789abcdef0123456789
spt_012345+6789abcdef0123456789
spt_é123456789abcdef0123456789
spt_**************************
xxx*0000000000xxxxxx0000000000
[sallyport-ticket]
spt:0123456789abcdef0123456789
)";

}  // namespace

std::vector<Vectors> secret_vectors() {
  return {{DetectorId::UrlPassword, url_password_hits, url_password_misses},
          {DetectorId::AwsAccessKey, aws_access_key_hits, aws_access_key_misses},
          {DetectorId::AwsSecretKey, aws_secret_key_hits, aws_secret_key_misses},
          {DetectorId::GithubToken, github_token_hits, github_token_misses},
          {DetectorId::SlackToken, slack_token_hits, slack_token_misses},
          {DetectorId::GoogleApiKey, google_api_key_hits, google_api_key_misses},
          {DetectorId::StripeKey, stripe_key_hits, stripe_key_misses},
          {DetectorId::ModelApiKey, model_api_key_hits, model_api_key_misses},
          {DetectorId::Jwt, jwt_hits, jwt_misses},
          {DetectorId::PrivateKey, private_key_hits, private_key_misses},
          {DetectorId::SallyportTicket, sallyport_ticket_hits, sallyport_ticket_misses}};
}

}  // namespace sallyport::guard
