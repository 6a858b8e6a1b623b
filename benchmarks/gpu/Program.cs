using System.Reflection;

namespace SelfAdapt.GpuMachine;

/// <summary>
/// Three programs as one, because a GPU machine gets one self-contained folder: `parity ...` is the test assembly as a
/// program, `benchmarks ...` the benchmarks, anything else the command line tool.
/// </summary>
internal static class Program
{
    private static async Task<int> Main(string[] arguments)
    {
        (string assembly, string[] rest) = arguments switch
        {
            ["parity", ..] => ("SelfAdapt.Tests", arguments[1..]),
            ["benchmarks", ..] => ("SelfAdapt.Benchmarks", arguments[1..]),
            _ => ("Adapt", arguments),
        };
        return Assembly.Load(assembly).EntryPoint!.Invoke(null, [rest]) switch
        {
            int code => code,
            Task<int> task => await task.ConfigureAwait(false),
            _ => 0,
        };
    }
}
