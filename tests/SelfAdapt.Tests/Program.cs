using System;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using SelfAdapt.Compute.Cpu;
using SelfAdapt.Tests.Compute;

namespace SelfAdapt.Tests;

/// <summary>
/// What runs when the test assembly is started as a program: the cpu backend's parity, so that a test can run it
/// with instruction sets turned off, which only works for a whole process.
/// </summary>
internal static class Program
{
    private static int Main()
    {
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
