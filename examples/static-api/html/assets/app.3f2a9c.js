console.log("kettle");
