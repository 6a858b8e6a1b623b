using System.Globalization;
using SelfAdapt.Engine.Cpu;
using SelfAdapt.Tests.Engine;
using SelfAdapt.Tests.Gpu;

namespace SelfAdapt.Tests;

/// <summary>
/// What runs when the test assembly is started as a program. Without arguments the cpu backend's parity, so that a test
/// can run it with instruction sets turned off, which only works for a whole process; with "cuda", its
/// number and perhaps "operations", the parity of a real GPU, on machines that have no .NET to run tests with; with
/// "stand-in" what <see cref="NvidiaDeviceTests"/> wants of a process of its own.
/// </summary>
internal static class Program
{
    private static int Main(string[] arguments)
    {
        if (arguments is ["cuda", ..])
        {
            int index = arguments.Length > 1 ? int.Parse(arguments[1], CultureInfo.InvariantCulture) : 0;
            return GpuParity.Run(index, operationsAlone: arguments is [_, _, "operations"]);
        }

        if (arguments is ["stand-in"])
        {
            return StandInChecks.Run();
        }

        using (CpuBackend backend = new(2))
        {
            Console.WriteLine(backend.Name);
        }

        int failures = 0;
        foreach (OperationCase operation in OperationCases.All)
        {
            try
            {
                OperationParity.Check(operation, 2);
            }
            catch (AssertFailedException e)
            {
                Console.WriteLine(e.Message);
                failures++;
            }
        }

        return failures == 0 ? 0 : 1;
    }
}
