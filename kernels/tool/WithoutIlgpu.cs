using System;

Console.Error.WriteLine(
    "The kernel tool needs ILGPU, which the default build leaves out: "
    + "dotnet run -c Release --project kernels/tool -p:Gpu=true -- ptx kernels/ptx");
return 2;
