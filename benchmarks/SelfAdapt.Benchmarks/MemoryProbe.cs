using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using SelfAdapt.Adaptation;
using SelfAdapt.Engine.Cpu;

namespace SelfAdapt.Benchmarks;

/// <summary>Memory of a process that only runs iterations: this program, started once more.</summary>
internal static class MemoryProbe
{
    /// <summary>The hidden word on the command line: checkpoint, threads, crop follow it.</summary>
    public const string Command = "memory-probe";

    /// <summary>Iterations run; the first one takes everything, the second shows whether it stays so.</summary>
    public const int Iterations = 2;

    /// <summary>In the child: runs and prints memory at the start and the peak, kB.</summary>
    public static int Run(ReadOnlySpan<string> arguments)
    {
        long before = Machine.ResidentKilobytes ?? 0;
        AdaptationOptions options = new() { Crop = Number(arguments[2]), Views = 6 };
        using IterationCase ours = new(arguments[0], new CpuBackend(Number(arguments[1])), options);
        for (int i = 0; i < Iterations; i++)
        {
            ours.Run();
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{before} {Machine.PeakKilobytes ?? 0}"));
        return 0;
    }

    /// <summary>In the parent: starts the child and reads what it prints.</summary>
    public static (long Before, long Peak) Start(Bench bench)
    {
        string program = Environment.ProcessPath!;
        ProcessStartInfo start = new(program) { RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(program) == "dotnet")
        {
            start.ArgumentList.Add(Assembly.GetExecutingAssembly().Location);
        }

        start.ArgumentList.Add(Command);
        start.ArgumentList.Add(bench.CheckpointFile);
        start.ArgumentList.Add(bench.Settings.Threads.ToString(CultureInfo.InvariantCulture));
        start.ArgumentList.Add(bench.Settings.Size.ToString(CultureInfo.InvariantCulture));
        using Process child = Process.Start(start)!;
        string[] words = child.StandardOutput.ReadToEnd().Trim().Split(' ');
        child.WaitForExit();
        return (Number(words[0]), Number(words[1]));
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
