using System.Reflection;
using System.Xml.Linq;
using PublicApiGenerator;

namespace SelfAdapt.Tests.House;

/// <summary>What programs outside may call: listed, few, and documented in full.</summary>
[TestClass]
internal sealed class PublicSurfaceTests
{
    private const string Rewrite = "SELFADAPT_REWRITE_DOCS";
    private const int MostTypes = 36;

    private static string Listing => Path.Combine(RepositoryFolder.Root, "docs", "public-api.txt");

    [TestMethod]
    public void Surface_IsTheOneThatIsListed()
    {
        string now = string.Join("\n", Rooms.All.Select(a => a.GeneratePublicApi(new ApiGeneratorOptions
        {
            IncludeAssemblyAttributes = false,
        }).ReplaceLineEndings("\n").Trim()).Where(t => t.Length > 0)) + "\n";
        if (Environment.GetEnvironmentVariable(Rewrite) == "1")
        {
            File.WriteAllText(Listing, now);
        }

        Assert.AreEqual(
            File.ReadAllText(Listing).ReplaceLineEndings("\n"), now,
            $"docs/public-api.txt is another; where that is meant, run the tests with {Rewrite}=1");
    }

    [TestMethod]
    public void Surface_IsSmall() => Assert.IsLessThanOrEqualTo(MostTypes, Rooms.All.Sum(a => a.GetExportedTypes().Length));

    [TestMethod]
    public void Parameters_AreAllDocumented()
    {
        List<string> missing = [];
        foreach (Assembly room in Rooms.All)
        {
            XElement[] members = [.. XDocument.Load(Path.ChangeExtension(room.Location, ".xml")).Descendants("member")];
            foreach (MethodBase method in room.GetExportedTypes().SelectMany(Methods))
            {
                string name = $"M:{method.DeclaringType!.FullName}.{(method.IsConstructor ? "#ctor" : method.Name)}(";
                XElement[] found = [.. members.Where(m => m.Attribute("name")!.Value.StartsWith(name, StringComparison.Ordinal)
                    && m.Elements("param").Count() == method.GetParameters().Length)];
                if (found.Length == 0 && !members.Any(m =>
                    m.Attribute("name")!.Value.StartsWith(name, StringComparison.Ordinal) && m.Element("inheritdoc") is not null))
                {
                    missing.Add(name);
                }
            }
        }

        Assert.IsEmpty(missing, string.Join('\n', missing));
    }

    /// <summary>What is written by hand and takes parameters: no members that the compiler gives records.</summary>
    private static IEnumerable<MethodBase> Methods(Type type)
    {
        bool record = type.GetMethod("<Clone>$") is not null
            || type.GetMethod("PrintMembers", BindingFlags.Instance | BindingFlags.NonPublic) is not null;
        return type.GetMembers(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly)
            .OfType<MethodBase>()
            .Where(m => m.GetParameters().Length > 0 && !(m.IsSpecialName && !m.IsConstructor)
                && !typeof(Delegate).IsAssignableFrom(type) && !type.IsEnum
                && !(record && m.Name is "Equals" or "Deconstruct" or ".ctor"));
    }
}
