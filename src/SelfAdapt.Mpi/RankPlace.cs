using System.IO.Hashing;
using System.Text;
using SelfAdapt.Engine;

namespace SelfAdapt.Mpi;

/// <summary>What of its machine a rank has.</summary>
/// <param name="OnMachine">Its number among the machine's ranks: which GPU it takes.</param>
/// <param name="Processors">
/// Its share of the processors that it may run on: those that it was bound to, divided by the ranks that were bound to the same.
/// </param>
internal readonly record struct RankPlace(int OnMachine, int Processors)
{
    public static RankPlace Of(IRanks ranks)
    {
        string name = Environment.MachineName;
        (ulong Machine, ulong Bound) own = (Hash(name), Hash($"{name} {BoundTo()}"));
        (ulong Machine, ulong Bound)[] all = ranks.GatherAll<(ulong Machine, ulong Bound)>([own]);
        return new(
            all[..ranks.Index].Count(other => other.Machine == own.Machine),
            Math.Max(1, Environment.ProcessorCount / all.Count(other => other == own)));
    }

    /// <summary>The processors' list as the system writes it; "" where it does not.</summary>
    private static string BoundTo()
    {
        const string Status = "/proc/self/status";
        return File.Exists(Status)
            ? File.ReadLines(Status).FirstOrDefault(l => l.StartsWith("Cpus_allowed_list", StringComparison.Ordinal)) ?? ""
            : "";
    }

    private static ulong Hash(string text) => XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(text));
}
