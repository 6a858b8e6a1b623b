using System.Globalization;
using System.Runtime.InteropServices;
using SelfAdapt.Engine.Cpu;

namespace SelfAdapt.Benchmarks;

/// <summary>What the machine says about itself.</summary>
internal static class Machine
{
    private const string CpuInfo = "/proc/cpuinfo";
    private const string Status = "/proc/self/status";
    private const string LoadAverage = "/proc/loadavg";
    private const string Caches = "/sys/devices/system/cpu/cpu0/cache";

    /// <summary>Processor, instruction set, memory.</summary>
    public static string Description => string.Create(
        CultureInfo.InvariantCulture,
        $"{CpuInfoField("model name") ?? RuntimeInformation.ProcessArchitecture.ToString()} (family "
        + $"{CpuInfoField("cpu family") ?? "?"}, model {CpuInfoField("model") ?? "?"}), "
        + $"{CpuBackend.InstructionSet}, {Environment.ProcessorCount} processors, "
        + $"L1d {CacheBytes(1) >> 10} kB, L2 {CacheBytes(2) >> 10} kB, L3 {CacheBytes(3) >> 20} MB, "
        + $"{RuntimeInformation.FrameworkDescription}");

    /// <summary>Runnable threads of all programs over the last minute.</summary>
    public static string Load =>
        File.Exists(LoadAverage) ? File.ReadAllText(LoadAverage).Split(' ')[0] : "unknown";

    /// <summary>Memory in use now, kB; null where the system does not tell.</summary>
    public static long? ResidentKilobytes => StatusField("VmRSS");

    /// <summary>Most memory in use so far, kB; null where the system does not tell.</summary>
    public static long? PeakKilobytes => StatusField("VmHWM");

    /// <summary>Size of a data cache, bytes; a usual one where the system does not tell.</summary>
    /// <param name="level">1 to 3.</param>
    public static long CacheBytes(int level)
    {
        foreach (string folder in Directory.Exists(Caches) ? Directory.GetDirectories(Caches, "index*") : [])
        {
            string Read(string name) => File.ReadAllText(Path.Combine(folder, name)).Trim();
            if (Read("level") == level.ToString(CultureInfo.InvariantCulture) && Read("type") != "Instruction")
            {
                return long.Parse(Read("size").TrimEnd('K'), CultureInfo.InvariantCulture) << 10;
            }
        }

        return level switch { 1 => 32 << 10, 2 => 512 << 10, _ => 16 << 20 };
    }

    private static string? CpuInfoField(string name) => Field(CpuInfo, name);

    private static long? StatusField(string name) =>
        Field(Status, name) is { } text ? long.Parse(text.Split(' ')[0], CultureInfo.InvariantCulture) : null;

    private static string? Field(string path, string name) => !File.Exists(path)
        ? null
        : File.ReadLines(path).Select(l => l.Split(':', 2))
            .FirstOrDefault(p => p.Length == 2 && p[0].Trim() == name)?[1].Trim();
}
