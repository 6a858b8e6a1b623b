using System;
using SelfAdapt.KernelTool;

switch (args)
{
    case ["ptx", string folder]:
        PtxFiles.Write(folder);
        return 0;
    case ["check"]:
        return AcceleratorCheck.Run() ? 0 : 1;
    default:
        Console.Error.WriteLine(
            "Usage: ptx FOLDER   compile the kernels in the folder above FOLDER to PTX in FOLDER\n"
            + "       check        run kernels on ILGPU's CPU accelerator and in the simulator, and compare");
        return 2;
}
