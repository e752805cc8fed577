// Prints the string literals of the files named on standard input, with offsets and values, as acorn (npm) reads them.
const acorn=require('acorn'),fs=require('fs');
for(const f of fs.readFileSync(0,'utf8').split('\n').filter(Boolean)){
  let text; try{text=fs.readFileSync(f,'utf8')}catch(e){continue}
  let ok=false,out=[],calls=[];
  for(const sourceType of ['module','script']){
    try{
      const ast=acorn.parse(text,{ecmaVersion:'latest',sourceType,allowHashBang:true,allowReturnOutsideFunction:true});
      out=[];
      const walk=(n)=>{ if(!n||typeof n.type!=='string')return;
        if(n.type==='Literal'&&typeof n.value==='string') out.push([n.start,n.end,n.value]);
        if(n.type==='TemplateLiteral'){ out.push([n.start,n.end,n.quasis.length===1?n.quasis[0].value.cooked:null]); return; }
        for(const k in n){const v=n[k]; if(Array.isArray(v))v.forEach(walk); else if(v&&typeof v.type==='string')walk(v);} };
      walk(ast); ok=true; break;
    }catch(e){}
  }
  if(ok) console.log(JSON.stringify({f,out}));
}
