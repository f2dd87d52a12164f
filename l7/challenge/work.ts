/**
 * What runs in the browser: looks for a number whose SHA-256 behind the token begins with enough zero bits, leaves it in a
 * cookie and asks for the page again. SHA-256 is written out (FIPS 180-4), for crypto.subtle is not there on plain http.
 */
export const WORK = `function(f){
var token=f[0],bits=f[1],say=document.getElementById('say');
function primes(n){var p=[],c=2;while(p.length<n){var i=0;while(i<p.length&&c%p[i])i++;if(i===p.length)p.push(c);c++}return p}
function frac(x){return((x-Math.floor(x))*4294967296)|0}
var P=primes(64),K=P.map(function(p){return frac(Math.cbrt?Math.cbrt(p):Math.pow(p,1/3))}),H0=P.slice(0,8).map(function(p){return frac(Math.sqrt(p))});
function block(h,w){var i,a=h[0],b=h[1],c=h[2],d=h[3],e=h[4],g=h[5],j=h[6],k=h[7];
for(i=16;i<64;i++){var x=w[i-15],y=w[i-2];w[i]=(w[i-16]+((x>>>7|x<<25)^(x>>>18|x<<14)^x>>>3)+w[i-7]+((y>>>17|y<<15)^(y>>>19|y<<13)^y>>>10))|0}
for(i=0;i<64;i++){var t=(k+((e>>>6|e<<26)^(e>>>11|e<<21)^(e>>>25|e<<7))+((e&g)^(~e&j))+K[i]+w[i])|0,u=(((a>>>2|a<<30)^(a>>>13|a<<19)^(a>>>22|a<<10))+((a&b)^(a&c)^(b&c)))|0;
k=j;j=g;g=e;e=(d+t)|0;d=c;c=b;b=a;a=(t+u)|0}
return[(h[0]+a)|0,(h[1]+b)|0,(h[2]+c)|0,(h[3]+d)|0,(h[4]+e)|0,(h[5]+g)|0,(h[6]+j)|0,(h[7]+k)|0]}
function first(text){var n=text.length,blocks=((n+8)>>6)+1,w=[],i,h=H0;for(i=0;i<blocks*16;i++)w[i]=0;
for(i=0;i<n;i++)w[i>>2]|=text.charCodeAt(i)<<(24-8*(i&3));
w[n>>2]|=128<<(24-8*(n&3));w[blocks*16-1]=n*8;
for(i=0;i<blocks;i++)h=block(h,w.slice(16*i,16*i+16));return h[0]>>>0}
var n=0;
function done(){document.cookie=f[2]+'='+token+'~'+n+'; Path=/; Max-Age=600; SameSite=Lax'+f[3];
if(document.cookie.indexOf(f[2]+'=')<0){say.textContent='Please allow cookies for this site, and load the page again.';return}
location.reload()}
function some(){var end=Date.now()+40;do{for(var i=0;i<200;i++){if(first(token+':'+n)>>>(32-bits)===0)return done();n++}}while(Date.now()<end);setTimeout(some,0)}
some()}`;
