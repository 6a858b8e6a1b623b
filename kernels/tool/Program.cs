using System;
using SelfAdapt.KernelTool;

switch (args)
{
    case ["ptx", string folder]:
        PtxFiles.Write(folder);
        return 0;
    default:
        Console.Error.WriteLine("Usage: ptx FOLDER   compile every kernel beside FOLDER to PTX in FOLDER");
        return 2;
}
